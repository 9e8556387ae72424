"""The two hosts without an API: the pages' release downloads, and the store that assets are fetched from."""

from __future__ import annotations

import re
from urllib.parse import unquote

from doubles.github.access import caller_of
from doubles.github.api import Request, refused
from doubles.github.exchange import Answer, allows
from doubles.github.records import Records, Violation
from doubles.github.refusals import NotFound, Refusal
from doubles.github.resources.releases import published
from doubles.github.state import Asset, Repository
from doubles.github.world import World

_DOWNLOAD = re.compile(r"/([^/]+/[^/]+)/releases/download/(.+)/([^/]+)")
_CONTENT = re.compile(r"/github-production-release-asset/(\d+)/(\d+)/[^/]+")


def answer_page(world: World, records: Records, request: Request) -> Answer:
    """`GET /{owner}/{repo}/releases/download/{tag}/{name}` on the pages' host: a redirect to the asset's bytes."""
    found = _DOWNLOAD.fullmatch(unquote(request.path))
    if found is None or request.method not in {"GET", "HEAD"}:
        records.violations.append(Violation(call=f"{request.method} {request.path}", reason="unknown call"))
        return refused(NotFound())
    try:
        repository, asset = _released(world, request, *found.groups())
    except Refusal:
        return Answer(status=404, content=b"Not Found", content_type="text/plain; charset=utf-8")
    return Answer(status=302, headers={"Location": world.signed_url(repository, asset)})


def answer_content(world: World, request: Request) -> Answer:
    """An asset's bytes, for whoever has an address that was signed and no token beside it."""
    if "Authorization" in request.headers:
        return _complaint(400, "InvalidArgument", "Only one auth mechanism allowed")
    path = unquote(request.path)
    found = _CONTENT.fullmatch(path)
    if found is None or not world.is_signed(path, request.query):
        return _complaint(403, "AuthenticationFailed", "Signature not valid in the specified time frame")
    asset = _asset(world, int(found[1]), int(found[2]))
    if asset is None or asset.sha256 is None:
        return _complaint(404, "BlobNotFound", "The specified blob does not exist.")
    asset.downloads += 1
    return Answer(status=200, content=world.storage.content(asset.sha256), content_type=asset.content_type)


def _released(world: World, request: Request, full_name: str, tag: str, name: str) -> tuple[Repository, Asset]:
    repository = world.repository(full_name)
    if repository.private and not allows(caller_of(world, request.headers), repository, "contents", "read"):
        raise NotFound
    release = published(repository, tag)
    for asset in release.assets if release else []:
        if asset.name == name and asset.sha256 is not None:
            return repository, asset
    raise NotFound


def _asset(world: World, repository_id: int, asset_id: int) -> Asset | None:
    repositories = (each for each in world.state.repositories.values() if each.id == repository_id)
    releases = (release for repository in repositories for release in repository.releases.values())
    return next((asset for release in releases for asset in release.assets if asset.id == asset_id), None)


def _complaint(status: int, code: str, message: str) -> Answer:
    content = f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return Answer(status=status, content=content.encode(), content_type="application/xml")
