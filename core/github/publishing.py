"""Makes a release of a bundle: a draft, every file, a look at each, and only then the public release."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

from core.bundle import CARD_NAME
from core.errors import GitHubAway, GitHubError, GitHubRefused, RegistryError, TagTaken
from core.github.client import GitHub
from core.github.release import UPLOADED, Asset, Release, releases_of
from core.registry import SEAL_NAME

# The name of a file, what was done of it and how much there is, in bytes.
Watch = Callable[[str, int, int], None]

_TRIES: Final = 3
# GitHub's lists may be behind what was just written.
_LOOKS: Final = 3
_LOOK_AGAIN_S: Final = 2.0
# GitHub takes 125,000 characters.
_MOST_TEXT: Final = 120_000
_LOG = structlog.get_logger()


class Publisher:
    """Publishes one bundle's files, which nobody changes meanwhile."""

    def __init__(self, github: GitHub, watch: Watch) -> None:
        """
        Args:
            github: The repository.
            watch: Is told how far an upload is.
        """
        self._github, self._watch = github, watch

    def publish(self, tag: str, folder: Path) -> None:
        """
        Publish a sealed bundle, going on with the draft that an earlier try of the very same bundle left.

        Raises:
            TagTaken: if the tag is published already.
            RegistryError: if GitHub holds a file otherwise than it was sent.
            GitHubError: if GitHub did not do what was asked; the draft stays.
        """
        seal = (folder / SEAL_NAME).read_text().strip()
        files = {path.name: path for path in sorted(folder.iterdir())}
        draft = self._draft(tag, seal, (folder / CARD_NAME).read_text())
        try:
            self._fill(draft, files)
            self._github.send("PATCH", "releases", draft.id, body={"draft": False, "make_latest": "false"})
        except GitHubError as error:
            # The answer may have been lost, or another publisher been faster; its release stands.
            public = self._public(tag)
            if public is None:
                raise
            if public.id != draft.id:
                self._remove(draft)
                raise TagTaken(tag) from error
        try:
            self._tidy(tag, draft)
        except GitHubError as error:
            # The release is public; what is left over is seen by nobody.
            _LOG.warning("drafts of earlier tries are left", tag=tag, problem=str(error))

    def _tidy(self, tag: str, published: Release) -> None:
        """Remove drafts of other tries. A list may be minutes behind, so that each is looked at by itself."""
        for listed in self._of(tag):
            if listed.id != published.id and self._github.get(Release, "releases", listed.id).draft:
                self._remove(listed)

    def _fill(self, draft: Release, files: Mapping[str, Path]) -> None:
        for asset in self._assets(draft):
            if asset.name not in files or not self._is_good(asset, files[asset.name]):
                self._github.send("DELETE", "releases", "assets", asset.id)
        present = {asset.name for asset in self._assets(draft)}
        for name, path in files.items():
            if name not in present:
                self._upload(draft, path)
        fault = self._look_at(draft, files)
        if fault is not None:
            raise RegistryError(f"{draft.tag_name} was not published to {self._github}: {fault}; publish again")

    def _of(self, tag: str) -> list[Release]:
        return [release for release in releases_of(self._github) if release.tag_name == tag]

    def _public(self, tag: str) -> Release | None:
        """The release of a tag, which may be found by it only a little after it was made public."""
        for number in range(1, _LOOKS + 1):
            try:
                return self._github.get(Release, "releases", "tags", tag)
            except GitHubRefused as error:
                if error.status != 404 or number == _LOOKS:
                    break
                self._github.wait(_LOOK_AGAIN_S * number)
            except GitHubAway:
                break
        return None

    def _remove(self, draft: Release) -> None:
        """Delete a draft, unless another publisher did."""
        with suppress(GitHubRefused):
            self._github.send("DELETE", "releases", draft.id)

    def _draft(self, tag: str, seal: str, card: str) -> Release:
        """The draft of this bundle: an earlier one, if it was left by a try of the very same bundle, or a new one."""
        mark = f"<!-- slipway:manifest sha256:{seal} -->"
        found = self._of(tag)
        if not all(release.draft for release in found):
            raise TagTaken(tag)
        own = [release for release in found if mark in (release.body or "")]
        if own:
            return min(own, key=lambda release: release.id)
        body = {
            "tag_name": tag,
            "name": tag,
            "body": f"{_as_notes(card)}\n\n{mark}\n",
            "draft": True,
            "make_latest": "false",
        }
        return self._github.ask(Release, "POST", "releases", body=body)

    def _upload(self, draft: Release, path: Path) -> None:
        """Upload a file; what a failed try leaves, which may be a stub or the whole file, is looked at first."""
        url = draft.upload_url.partition("{")[0]
        failure: GitHubError | None = None
        for _ in range(_TRIES):
            try:
                self._github.upload(Asset, url, path, report=lambda done, total: self._watch(path.name, done, total))
            except GitHubAway as error:
                failure = error
            except GitHubRefused as error:
                if "already_exists" not in error.codes:
                    raise
                failure = error
            else:
                return
            left = next((asset for asset in self._assets(draft) if asset.name == path.name), None)
            if left is not None and self._is_good(left, path):
                return
            if left is not None:
                self._github.send("DELETE", "releases", "assets", left.id)
        if failure is not None:
            raise failure

    def _look_at(self, draft: Release, files: Mapping[str, Path]) -> str | None:
        """What GitHub holds otherwise than it was sent; a file that is not listed yet is waited for."""
        for number in range(1, _LOOKS + 1):
            held = {asset.name: asset for asset in self._assets(draft)}
            late = [name for name in files if name not in held]
            if not late or number == _LOOKS:
                break
            self._github.wait(_LOOK_AGAIN_S * number)
        if late:
            return f"its {late[0]} is not there"
        wrong = [name for name, path in files.items() if not self._is_good(held[name], path)]
        return f"its {wrong[0]} is not what was sent" if wrong else None

    def _is_good(self, asset: Asset, path: Path) -> bool:
        if asset.state != UPLOADED or asset.size != path.stat().st_size:
            return False
        # GitHub does not promise a digest.
        return (asset.digest or self._digest(asset)) == f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"

    def _digest(self, asset: Asset) -> str:
        found = hashlib.sha256()
        for part in self._github.download(asset.url):
            found.update(part)
        return f"sha256:{found.hexdigest()}"

    def _assets(self, release: Release) -> list[Asset]:
        return list(self._github.pages(Asset, "releases", release.id, "assets"))


def _as_notes(card: str) -> str:
    """The card as the text of a release, which cannot show the pictures beside it."""
    lines = [line for line in card.splitlines() if not line.startswith("![")]
    return "\n".join(lines)[:_MOST_TEXT]
