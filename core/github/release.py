"""A release and its files, as GitHub shows them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from core.github.client import GitHub

UPLOADED: Final = "uploaded"


class Asset(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a release."""

    id: int
    name: str
    url: str
    state: str
    size: int
    digest: str | None = None


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """A release; a draft is seen only by those who may write."""

    id: int
    tag_name: str
    draft: bool
    html_url: str
    upload_url: str
    body: str | None = None
    assets: list[Asset] = []


def releases_of(github: GitHub) -> Iterator[Release]:
    """All releases, newest first; drafts only where the token may write."""
    return github.pages(Release, "releases")
