"""Releases: drafts, publishing, tags that may be used once, and what is immutable."""

from __future__ import annotations

from typing import Any

from doubles.github.exchange import (
    Answer,
    Call,
    Need,
    Route,
    answer_created,
    answer_json,
    answer_list,
    answer_nothing,
)
from doubles.github.refusals import Forbidden, NotFound, Unprocessable, invalid
from doubles.github.resources.assets import asset_view, visible_release
from doubles.github.resources.refs import resolve
from doubles.github.state import Commit, Release, Repository
from doubles.github.views import api_url, user_view, web_url
from doubles.github.world import at, at_or_null

_FIXED_WHEN_IMMUTABLE = ("tag_name", "target_commitish", "draft", "prerelease")


def list_releases(call: Call) -> Answer:
    """`GET /releases`, the newest first; drafts only for those who may write."""
    releases = sorted(call.repository.releases.values(), key=lambda release: release.id, reverse=True)
    seen = [release for release in releases if not release.draft or call.may("contents", "write")]
    return answer_list(call, seen, lambda release: release_view(call, release))


def read_release(call: Call) -> Answer:
    """`GET /releases/{release_id}`."""
    return answer_json(release_view(call, visible_release(call)))


def read_release_by_tag(call: Call) -> Answer:
    """`GET /releases/tags/{tag}`, which never finds a draft."""
    release = published(call.repository, call.values["tag"])
    if release is None:
        raise NotFound
    return answer_json(release_view(call, release))


def read_latest_release(call: Call) -> Answer:
    """`GET /releases/latest`: the one that was marked, or else that of the youngest commit, which may be an old one."""
    repository = call.repository
    candidates = [release for release in repository.releases.values() if not release.draft and not release.prerelease]
    if not candidates:
        raise NotFound
    newest = max(candidates, key=lambda release: (release.id == repository.latest_id, release.created_at, release.id))
    return answer_json(release_view(call, newest))


def create_release(call: Call) -> Answer:
    """`POST /releases`."""
    wish = call.json
    release = Release(
        id=call.world.new_id(),
        tag_name=wish["tag_name"],
        target_commitish=wish.get("target_commitish") or call.repository.default_branch,
        author=call.login,
        created_at=call.world.now,
        name=wish.get("name"),
        body=wish.get("body"),
        draft=wish.get("draft", False),
        prerelease=wish.get("prerelease", False),
    )
    if not release.tag_name:
        raise invalid("Release", "tag_name", "missing_field")
    release.created_at = _commit_of(call, release).date
    if not release.draft:
        _publish(call, release)
    call.repository.releases[release.id] = release
    return answer_created(release_view(call, release))


def change_release(call: Call) -> Answer:
    """`PATCH /releases/{release_id}`, which also publishes drafts."""
    release, wish = visible_release(call), call.json
    if release.immutable and any(
        name in wish and wish[name] != getattr(release, name) for name in _FIXED_WHEN_IMMUTABLE
    ):
        raise Unprocessable("Cannot change the tag or the state of an immutable release.")
    was_draft, before = (
        release.draft,
        {name: getattr(release, name) for name in (*_FIXED_WHEN_IMMUTABLE, "name", "body")},
    )
    try:
        for name, value in before.items():
            setattr(release, name, wish.get(name, value))
        if was_draft and not release.draft:
            _publish(call, release)
        elif not release.draft:
            _refuse_taken_tag(call.repository, release)
            _mark_latest(call, release, default="legacy")
    except Exception:
        for name, value in before.items():
            setattr(release, name, value)
        raise
    return answer_json(release_view(call, release))


def delete_release(call: Call) -> Answer:
    """`DELETE /releases/{release_id}`; the tag stays, and that of an immutable release can never be used again."""
    release = visible_release(call)
    del call.repository.releases[release.id]
    if release.immutable:
        call.repository.spent_tags.append(release.tag_name)
    return answer_nothing()


def published(repository: Repository, tag: str) -> Release | None:
    """The published release of a tag."""
    found = (release for release in repository.releases.values() if release.tag_name == tag and not release.draft)
    return next(found, None)


def release_view(call: Call, release: Release) -> dict[str, Any]:
    """A release as GitHub's JSON."""
    url, page = f"{api_url(call.world, call.repository)}", web_url(call.world, call.repository)
    uploads = f"{call.world.addresses.uploads}/repos/{call.repository.full_name}/releases/{release.id}/assets"
    shown = f"untagged-{release.id}" if release.draft else release.tag_name
    return {
        "id": release.id,
        "node_id": f"RE_{release.id}",
        "url": f"{url}/releases/{release.id}",
        "html_url": f"{page}/releases/tag/{shown}",
        "assets_url": f"{url}/releases/{release.id}/assets",
        "upload_url": f"{uploads}{{?name,label}}",
        "tarball_url": None if release.draft else f"{url}/tarball/{release.tag_name}",
        "zipball_url": None if release.draft else f"{url}/zipball/{release.tag_name}",
        "tag_name": release.tag_name,
        "target_commitish": release.target_commitish,
        "name": release.name,
        "body": release.body,
        "draft": release.draft,
        "prerelease": release.prerelease,
        "immutable": release.immutable,
        "created_at": at(release.created_at),
        "published_at": at_or_null(release.published_at),
        "author": user_view(call.world, release.author),
        "assets": [asset_view(call, release, asset) for asset in release.assets],
    }


def _publish(call: Call, release: Release) -> None:
    repository = call.repository
    _refuse_taken_tag(repository, release)
    if release.tag_name in repository.spent_tags:
        raise invalid("Release", "tag_name", "custom", "tag_name was used by an immutable release")
    commit = _commit_of(call, release)
    if commit.changes_workflows and call.caller is not None and call.caller.permissions.get("workflows") is None:
        raise Forbidden
    repository.refs.setdefault(f"refs/tags/{release.tag_name}", commit.sha)
    release.draft, release.published_at, release.created_at = False, call.world.now, commit.date
    release.immutable = repository.immutable_releases
    _mark_latest(call, release, default="true")


def _refuse_taken_tag(repository: Repository, release: Release) -> None:
    others = (other for other in repository.releases.values() if other.id != release.id and not other.draft)
    if any(other.tag_name == release.tag_name for other in others):
        raise invalid("Release", "tag_name", "already_exists")


def _commit_of(call: Call, release: Release) -> Commit:
    tagged = call.repository.refs.get(f"refs/tags/{release.tag_name}")
    commit = resolve(call.repository, tagged or release.target_commitish)
    if commit is None:
        raise invalid("Release", "target_commitish", "invalid")
    return commit


def _mark_latest(call: Call, release: Release, *, default: str) -> None:
    wish = call.json.get("make_latest", default)
    if wish == "true" and not release.prerelease:
        call.repository.latest_id = release.id
    if wish == "false" and call.repository.latest_id == release.id:
        call.repository.latest_id = None


_READ, _WRITE = Need(scope="contents", public=True), Need(scope="contents", level="write")
_BASE = "/repos/{owner}/{repo}/releases"
_ONE = f"{_BASE}/{{release_id}}"
ROUTES = (
    Route(method="GET", template=_BASE, handler=list_releases, need=_READ),
    Route(method="POST", template=_BASE, handler=create_release, need=_WRITE),
    Route(method="GET", template=f"{_BASE}/latest", handler=read_latest_release, need=_READ),
    Route(method="GET", template=f"{_BASE}/tags/{{tag}}", handler=read_release_by_tag, need=_READ),
    Route(method="GET", template=_ONE, handler=read_release, need=_READ),
    Route(method="PATCH", template=_ONE, handler=change_release, need=_WRITE),
    Route(method="DELETE", template=_ONE, handler=delete_release, need=_WRITE),
)
