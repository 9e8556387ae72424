"""Releases as the model registry: each published bundle is a release, its files are the release's assets."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import structlog

from core.bundle import MAX_MANIFEST_BYTES, Bundle, read_manifest
from core.errors import CorruptArtifact, DownloadCut, GitHubError, GitHubRefused, RegistryError, TagTaken, UnknownTag
from core.github.client import GitHub
from core.github.publishing import Publisher, Watch
from core.github.release import UPLOADED, Asset, Release, releases_of
from core.manifest import MANIFEST_NAME, Manifest
from core.registry import SEAL_NAME, DirectoryRegistry, fill, require_tag
from core.tags import ModelTag, is_tag

_TRIES: Final = 3
_SEAL_BYTES: Final = 65
_LOG = structlog.get_logger()


class ReleasesRegistry:
    """
    A registry in the releases of a repository, with what was fetched kept in a directory.

    A release is a draft until every file is there and was found to be what was sent, so that half of one is never
    visible, and nothing of it is changed afterwards: releases may be immutable. No release is ever asked for as
    "the latest", which GitHub decides by the date of a commit.
    """

    def __init__(self, github: GitHub, cache: DirectoryRegistry, *, watch: Watch | None = None) -> None:
        """
        Args:
            github: The repository.
            cache: Holds what was fetched; serves when GitHub is away.
            watch: Is told how far an upload or a download is.
        """
        self._github, self._cache = github, cache
        self._watch: Watch = watch or (lambda *_: None)

    def __str__(self) -> str:
        """As MODEL_REGISTRY names it."""
        return str(self._github)

    def publish(self, bundle: Bundle) -> None:
        """See `ModelRegistry.publish`; a draft that an earlier try of this bundle left is gone on with."""
        tag = str(bundle.manifest.tag)
        try:
            with tempfile.TemporaryDirectory(prefix="slipway-") as name:
                fill(Path(name), bundle)
                Publisher(self._github, self._watch).publish(tag, Path(name))
        except GitHubError as error:
            raise RegistryError(f"{tag} could not be published to {self}: {error}") from error
        except OSError as error:
            raise RegistryError(f"{tag} could not be published to {self} ({error.strerror or error})") from error

    def fetch(self, tag: ModelTag) -> Bundle:
        """See `ModelRegistry.fetch`; what was fetched before is not asked for again."""
        damage: CorruptArtifact | None = None
        try:
            return self._cache.fetch(tag)
        except UnknownTag:
            pass
        except CorruptArtifact as error:
            damage = error
            _LOG.warning("the cache is damaged", problem=str(error))
        try:
            return self._fetch(tag, is_damaged=damage is not None)
        except (GitHubError, OSError) as error:
            if damage is not None:
                raise damage from error
            raise RegistryError(f"{tag} cannot be fetched from {self}: {error}") from error

    def manifest(self, tag: ModelTag) -> Manifest:
        """See `ModelRegistry.manifest`."""
        try:
            return self._cache.manifest(tag)
        except (UnknownTag, CorruptArtifact):
            pass
        try:
            with tempfile.TemporaryDirectory(prefix="slipway-") as name:
                return self._receive_manifest(tag, Path(name), self._published(tag))
        except (GitHubError, OSError) as error:
            raise RegistryError(f"the manifest of {tag} cannot be fetched from {self}: {error}") from error

    def _fetch(self, tag: ModelTag, *, is_damaged: bool) -> Bundle:
        with tempfile.TemporaryDirectory(prefix="slipway-") as name:
            bundle = self._download(tag, Path(name))
            try:
                if is_damaged:
                    self._cache.discard(tag)
                self._cache.publish(bundle)
            except TagTaken:
                # Another process was faster.
                pass
            except (RegistryError, OSError) as error:
                _LOG.warning("a model is not kept, and will be fetched again", problem=str(error))
                return bundle
        return self._cache.fetch(tag)

    def _download(self, tag: ModelTag, folder: Path) -> Bundle:
        assets = self._published(tag)
        manifest = self._receive_manifest(tag, folder, assets)
        for name, record in sorted(manifest.files.items()):
            self._receive(tag, name, folder, assets, most_bytes=record.size_bytes)
        try:
            return Bundle.read(folder)
        except CorruptArtifact as error:
            raise self._corrupt(tag, error.path.name, error.problem) from error

    def _receive_manifest(self, tag: ModelTag, folder: Path, assets: Mapping[str, Asset] | None) -> Manifest:
        seal = self._receive(tag, SEAL_NAME, folder, assets, most_bytes=_SEAL_BYTES).decode(errors="replace").strip()
        self._receive(tag, MANIFEST_NAME, folder, assets, most_bytes=MAX_MANIFEST_BYTES)
        try:
            manifest, _ = read_manifest(folder, manifest_sha256=seal)
            require_tag(manifest, tag, folder)
        except CorruptArtifact as error:
            raise self._corrupt(tag, MANIFEST_NAME, error.problem) from error
        return manifest

    def _published(self, tag: ModelTag) -> Mapping[str, Asset] | None:
        """
        The files of a published release; None without a token.

        A public repository's files can be fetched without the API, of which neighbours on a shared address may have
        used up what strangers are allowed.
        """
        if not self._github.settings.token:
            return None
        try:
            release = self._github.get(Release, "releases", "tags", str(tag))
        except GitHubRefused as error:
            if error.status == 404:
                raise self._unknown(tag) from error
            raise
        return {asset.name: asset for asset in release.assets}

    def _receive(
        self, tag: ModelTag, name: str, folder: Path, assets: Mapping[str, Asset] | None, *, most_bytes: int
    ) -> bytes:
        """Fetch a file, again where the connection was cut, and hold it against the digest that GitHub gives."""
        asset = None if assets is None else assets.get(name)
        if assets is not None and (asset is None or asset.state != UPLOADED):
            raise self._corrupt(tag, name, "is not in the release")
        url = asset.url if asset else f"{self._github.settings.page}/releases/download/{tag}/{name}"
        for number in range(1, _TRIES + 1):
            try:
                data = self._content(tag, name, url, most_bytes)
                break
            except DownloadCut:
                if number == _TRIES:
                    raise
            except GitHubRefused as error:
                if asset is None and error.status == 404:
                    raise self._unknown(tag) from error
                raise
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        if asset is not None and asset.digest and asset.digest != digest:
            raise self._corrupt(tag, name, f"{digest[:19]} came, GitHub has {asset.digest[:19]}")
        (folder / name).write_bytes(data)
        return data

    def _content(self, tag: ModelTag, name: str, url: str, most_bytes: int) -> bytes:
        data = bytearray()
        for part in self._github.download(url, report=self._report(name)):
            data += part
            if len(data) > most_bytes:
                raise self._corrupt(tag, name, f"is longer than the {most_bytes} bytes that it may have")
        return bytes(data)

    def _report(self, name: str) -> Callable[[int, int], None]:
        return lambda done, total: self._watch(name, done, total)

    def _corrupt(self, tag: ModelTag, name: str, problem: str) -> CorruptArtifact:
        return CorruptArtifact(Path(f"{self}/{tag}/{name}"), problem, remedy="try again")

    def _unknown(self, tag: ModelTag) -> UnknownTag:
        """That there is no such tag, with those that there are; what hinders listing them is more telling."""
        return UnknownTag(str(tag), [str(each) for each in self.tags()])

    def tags(self) -> list[ModelTag]:
        """See `ModelRegistry.tags`; releases of anything else than models are passed over."""
        try:
            found = [release for release in releases_of(self._github) if not release.draft and is_tag(release.tag_name)]
        except GitHubError as error:
            raise RegistryError(f"the models in {self} cannot be listed: {error}") from error
        whole = (release.tag_name for release in found if SEAL_NAME in {asset.name for asset in release.assets})
        return sorted(map(ModelTag.parse, whole))
