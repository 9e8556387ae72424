"""The model registry: where bundles are published by tag and fetched verified."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from core.bundle import Bundle, read_manifest
from core.errors import CorruptArtifact, RegistryError, TagTaken, UnknownTag
from core.files import sync_directory
from core.manifest import MANIFEST_NAME, Manifest
from core.tags import ModelTag, is_tag

SEAL_NAME = "manifest.sha256"
_DIRECTORY = "directory"
_SEAL = re.compile(rb"[0-9a-f]{64}\n")


class ModelRegistry(Protocol):
    """Published bundles; a published tag never changes and is never half there. As text, what MODEL_REGISTRY says."""

    def publish(self, bundle: Bundle) -> None:
        """
        Publish a bundle under its manifest's tag.

        Raises:
            TagTaken: if the tag is published already.
            RegistryError: if it could not be published; then nothing of it is visible.
        """

    def fetch(self, tag: ModelTag) -> Bundle:
        """
        A published bundle, every byte verified.

        Raises:
            UnknownTag: if there is no such tag.
            CorruptArtifact: if a byte differs from what was published.
            UnsupportedFormat: if it was written by a newer Slipway.
        """

    def manifest(self, tag: ModelTag) -> Manifest:
        """
        The manifest of a published bundle, without its other files.

        Raises:
            UnknownTag: if there is no such tag.
            CorruptArtifact: if it is not the one that was published.
        """

    def tags(self) -> list[ModelTag]:
        """Every published tag, oldest first."""


class DirectoryRegistry:
    """
    A registry in a directory, one sub-directory a tag.

    Safe with several processes: a bundle is copied beside, sealed with its manifest's checksum and renamed
    into place, which fails if the tag appeared meanwhile. The manifest vouches for the files, the seal for
    the manifest.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def __str__(self) -> str:
        """As MODEL_REGISTRY names it."""
        return f"{_DIRECTORY}:{self._root}"

    def publish(self, bundle: Bundle) -> None:
        """See `ModelRegistry.publish`."""
        tag = bundle.manifest.tag
        destination = self._root / str(tag)
        if destination.exists():
            raise TagTaken(str(tag))
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            staging = Path(tempfile.mkdtemp(dir=self._root, prefix=".staging-"))
        except OSError as error:
            raise RegistryError(f"{self._root} cannot be written ({error.strerror})") from error
        try:
            fill(staging, bundle)
            staging.rename(destination)
            sync_directory(self._root)
        except OSError as error:
            if error.errno in {errno.EEXIST, errno.ENOTEMPTY}:
                raise TagTaken(str(tag)) from error
            raise RegistryError(f"{tag} could not be published to {self._root} ({error.strerror})") from error
        finally:
            shutil.rmtree(staging, ignore_errors=True)

    def fetch(self, tag: ModelTag) -> Bundle:
        """See `ModelRegistry.fetch`."""
        directory = self._directory(tag)
        bundle = Bundle.read(directory, manifest_sha256=self._read_seal(directory))
        require_tag(bundle.manifest, tag, directory)
        return bundle

    def manifest(self, tag: ModelTag) -> Manifest:
        """See `ModelRegistry.manifest`."""
        directory = self._directory(tag)
        manifest, _ = read_manifest(directory, manifest_sha256=self._read_seal(directory))
        require_tag(manifest, tag, directory)
        return manifest

    def _directory(self, tag: ModelTag) -> Path:
        directory = self._root / str(tag)
        if not directory.is_dir():
            raise UnknownTag(str(tag), [str(known) for known in self.tags()])
        return directory

    @staticmethod
    def _read_seal(directory: Path) -> str:
        path = directory / SEAL_NAME
        try:
            seal = path.read_bytes()
        except FileNotFoundError as error:
            raise CorruptArtifact(path, "missing") from error
        except OSError as error:
            raise RegistryError(f"{path} cannot be read ({error.strerror})") from error
        if _SEAL.fullmatch(seal) is None:
            raise CorruptArtifact(path, "is not a checksum")
        return seal.decode().strip()

    def discard(self, tag: ModelTag) -> None:
        """Take away a bundle that is damaged; a reader sees all of it or nothing."""
        grave = Path(tempfile.mkdtemp(dir=self._root, prefix=".damaged-"))
        try:
            # Another process may have been faster.
            with suppress(FileNotFoundError):
                (self._root / str(tag)).rename(grave / str(tag))
        finally:
            shutil.rmtree(grave, ignore_errors=True)

    def tags(self) -> list[ModelTag]:
        """See `ModelRegistry.tags`."""
        try:
            names = [path.name for path in self._root.iterdir() if path.is_dir()] if self._root.exists() else []
        except OSError as error:
            raise RegistryError(f"{self._root} cannot be read ({error.strerror})") from error
        return sorted(ModelTag.parse(name) for name in names if is_tag(name))


def require_tag(manifest: Manifest, tag: ModelTag, directory: Path) -> None:
    """
    Raises:
        CorruptArtifact: if the manifest in a directory is that of another tag.
    """
    if manifest.tag != tag:
        raise CorruptArtifact(directory / MANIFEST_NAME, f"is the manifest of {manifest.tag}, not of {tag}")


def fill(directory: Path, bundle: Bundle) -> None:
    """
    Write a bundle and the seal of its manifest, and read it back.

    Args:
        directory: Existing and empty.
        bundle: What to write.

    Raises:
        CorruptArtifact: if the bundle does not fit its manifest.
        OSError: if it cannot be written.
    """
    manifest = bundle.manifest.to_json()
    seal = f"{hashlib.sha256(manifest).hexdigest()}\n".encode()
    for name, content in {**bundle.files, MANIFEST_NAME: manifest, SEAL_NAME: seal}.items():
        with (directory / name).open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    directory.chmod(0o755)
    sync_directory(directory)
    Bundle.read(directory)
