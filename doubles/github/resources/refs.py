"""Commits, branches and tags."""

from __future__ import annotations

import hashlib
from typing import Any

from doubles.github.exchange import Answer, Call, Need, Route, answer_created, answer_json
from doubles.github.refusals import NotFound, Unprocessable
from doubles.github.state import Commit, Repository
from doubles.github.views import api_url, user_view, web_url
from doubles.github.world import at


def resolve(repository: Repository, name: str) -> Commit | None:
    """The commit that a sha, a branch, a tag or a whole ref stands for."""
    for ref in (name, f"refs/{name}", f"refs/heads/{name}", f"refs/tags/{name}"):
        if ref in repository.refs:
            return repository.commits[repository.refs[ref]]
    return repository.commits.get(name)


def new_sha(repository: Repository, message: str) -> str:
    """A commit's sha, which follows from the commits before it."""
    seed = f"{repository.full_name} {len(repository.commits)} {message}"
    return hashlib.sha256(seed.encode()).hexdigest()[:40]


def read_commit(call: Call) -> Answer:
    """`GET /commits/{ref}`."""
    commit = resolve(call.repository, call.values["ref"])
    if commit is None:
        raise Unprocessable(f"No commit found for SHA: {call.values['ref']}")
    if "sha" in call.headers.get("Accept", "").rsplit(".", maxsplit=1)[-1]:
        return Answer(status=200, content=commit.sha.encode(), content_type="application/vnd.github.sha")
    return answer_json(_commit_view(call, commit))


def read_ref(call: Call) -> Answer:
    """`GET /git/ref/{ref}`, where `{ref}` is `tags/NAME` or `heads/NAME`."""
    ref = f"refs/{call.values['ref']}"
    if ref not in call.repository.refs:
        raise NotFound
    return answer_json(_ref_view(call, ref))


def create_ref(call: Call) -> Answer:
    """`POST /git/refs`."""
    repository, ref, sha = call.repository, call.json["ref"], call.json["sha"]
    if not ref.startswith("refs/") or ref.count("/") < 2:
        raise Unprocessable(f"{ref} is not a valid ref name.")
    if ref in repository.refs:
        raise Unprocessable("Reference already exists")
    if sha not in repository.commits:
        raise Unprocessable("Object does not exist")
    if ref.removeprefix("refs/tags/") in repository.spent_tags:
        raise Unprocessable(
            "Repository rule violations found\n\nCannot create ref due to creations being restricted.\n\n"
        )
    repository.refs[ref] = sha
    return answer_created(_ref_view(call, ref))


def _ref_view(call: Call, ref: str) -> dict[str, Any]:
    url, sha = api_url(call.world, call.repository), call.repository.refs[ref]
    return {
        "ref": ref,
        "node_id": f"REF_{ref}",
        "url": f"{url}/git/{ref}",
        "object": {"type": "commit", "sha": sha, "url": f"{url}/git/commits/{sha}"},
    }


def _commit_view(call: Call, commit: Commit) -> dict[str, Any]:
    repository = call.repository
    url, owner = api_url(call.world, repository), user_view(call.world, repository.owner)
    author = {"name": repository.owner, "email": f"{repository.owner}@example.org", "date": at(commit.date)}
    return {
        "sha": commit.sha,
        "node_id": f"C_{commit.sha}",
        "url": f"{url}/commits/{commit.sha}",
        "html_url": f"{web_url(call.world, repository)}/commit/{commit.sha}",
        "comments_url": f"{url}/commits/{commit.sha}/comments",
        "commit": {
            "url": f"{url}/git/commits/{commit.sha}",
            "author": author,
            "committer": author,
            "message": commit.message,
            "comment_count": 0,
            "tree": {"sha": commit.sha, "url": f"{url}/git/trees/{commit.sha}"},
        },
        "author": owner,
        "committer": owner,
        "parents": [],
    }


_READ, _WRITE = Need(scope="contents", public=True), Need(scope="contents", level="write")
_BASE = "/repos/{owner}/{repo}"
ROUTES = (
    Route(method="GET", template=f"{_BASE}/commits/{{ref}}", handler=read_commit, need=_READ),
    Route(method="GET", template=f"{_BASE}/git/ref/{{ref}}", handler=read_ref, need=_READ),
    Route(method="POST", template=f"{_BASE}/git/refs", handler=create_ref, need=_WRITE),
)
