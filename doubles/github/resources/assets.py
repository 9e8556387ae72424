"""Releases' assets: uploads, downloads by redirect, names that GitHub changes."""

from __future__ import annotations

import re
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
from doubles.github.refusals import NotFound, Unprocessable, invalid
from doubles.github.state import Asset, Release
from doubles.github.views import api_url, user_view, web_url
from doubles.github.world import at


def list_assets(call: Call) -> Answer:
    """`GET /releases/{release_id}/assets`."""
    release = visible_release(call)
    return answer_list(call, release.assets, lambda asset: asset_view(call, release, asset))


def upload_asset(call: Call) -> Answer:
    """`POST /releases/{release_id}/assets?name=...` on the uploads' host."""
    release = visible_release(call)
    _refuse_if_immutable(release)
    asset = _new_asset(call)
    _refuse_taken_name(release, asset.name)
    if not call.body:
        raise invalid("ReleaseAsset", "size", "custom", "size must be greater than or equal to 1")
    asset.size, asset.sha256 = len(call.body), call.world.storage.keep(call.body)
    release.assets.append(asset)
    return answer_created(asset_view(call, release, asset))


def leave_starter(call: Call) -> None:
    """What an upload that broke leaves behind: an asset without content, whose name is taken."""
    asset = _new_asset(call)
    asset.state = "starter"
    visible_release(call).assets.append(asset)


def read_asset(call: Call) -> Answer:
    """`GET /releases/assets/{asset_id}`: its JSON, or, for `application/octet-stream`, where its bytes are."""
    release, asset = _asset(call)
    if "application/octet-stream" not in call.headers.get("Accept", ""):
        return answer_json(asset_view(call, release, asset))
    if asset.sha256 is None:
        raise NotFound
    return Answer(status=302, headers={"Location": call.world.signed_url(call.repository, asset)})


def change_asset(call: Call) -> Answer:
    """`PATCH /releases/assets/{asset_id}`: another name or label."""
    release, asset = _asset(call)
    _refuse_if_immutable(release)
    name = github_name(call.json.get("name", asset.name))
    if name != asset.name:
        _refuse_taken_name(release, name)
    asset.name, asset.label, asset.updated_at = name, call.json.get("label", asset.label), call.world.now
    return answer_json(asset_view(call, release, asset))


def delete_asset(call: Call) -> Answer:
    """`DELETE /releases/assets/{asset_id}`."""
    release, asset = _asset(call)
    if release.immutable:
        raise Unprocessable("Cannot delete asset from an immutable release")
    release.assets.remove(asset)
    return answer_nothing()


def github_name(name: str) -> str:
    """The name that GitHub gives an asset: other characters become full stops, of which none is left at either end."""
    return re.sub(r"\.*[^A-Za-z0-9._+@-]+\.*", ".", name).strip(".")


def asset_view(call: Call, release: Release, asset: Asset) -> dict[str, Any]:
    """An asset as GitHub's JSON."""
    tag = f"untagged-{release.id}" if release.draft else release.tag_name
    return {
        "id": asset.id,
        "node_id": f"RA_{asset.id}",
        "url": f"{api_url(call.world, call.repository)}/releases/assets/{asset.id}",
        "browser_download_url": f"{web_url(call.world, call.repository)}/releases/download/{tag}/{asset.name}",
        "name": asset.name,
        "label": asset.label,
        "state": asset.state,
        "content_type": asset.content_type,
        "size": asset.size,
        "digest": None if asset.sha256 is None else f"sha256:{asset.sha256}",
        "download_count": asset.downloads,
        "created_at": at(asset.created_at),
        "updated_at": at(asset.updated_at),
        "uploader": user_view(call.world, asset.uploader),
    }


def visible_release(call: Call) -> Release:
    """The release that the path names; a draft is there only for those who may write."""
    release = call.repository.releases.get(call.number("release_id"))
    if release is None or (release.draft and not call.may("contents", "write")):
        raise NotFound
    return release


def _new_asset(call: Call) -> Asset:
    return Asset(
        id=call.world.new_id(),
        name=github_name(call.query.get("name", "")),
        label=call.query.get("label", ""),
        content_type=call.headers.get("Content-Type", "application/octet-stream"),
        uploader=call.login,
        created_at=call.world.now,
        updated_at=call.world.now,
    )


def _asset(call: Call) -> tuple[Release, Asset]:
    for release in call.repository.releases.values():
        for asset in release.assets:
            if asset.id == call.number("asset_id") and (not release.draft or call.may("contents", "write")):
                return release, asset
    raise NotFound


def _refuse_if_immutable(release: Release) -> None:
    if release.immutable:
        raise Unprocessable("Cannot upload assets to an immutable release.")


def _refuse_taken_name(release: Release, name: str) -> None:
    if any(asset.name == name for asset in release.assets):
        raise invalid("ReleaseAsset", "name", "already_exists")


_READ, _WRITE = Need(scope="contents", public=True), Need(scope="contents", level="write")
_OF_A_RELEASE = "/repos/{owner}/{repo}/releases/{release_id}/assets"
_ONE = "/repos/{owner}/{repo}/releases/assets/{asset_id}"
ROUTES = (
    Route(method="GET", template=_OF_A_RELEASE, handler=list_assets, need=_READ),
    Route(method="POST", template=_OF_A_RELEASE, handler=upload_asset, need=_WRITE, site="uploads"),
    Route(method="GET", template=_ONE, handler=read_asset, need=_READ),
    Route(method="PATCH", template=_ONE, handler=change_asset, need=_WRITE),
    Route(method="DELETE", template=_ONE, handler=delete_asset, need=_WRITE),
)
