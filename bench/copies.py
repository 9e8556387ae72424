"""A model under another tag, for two that differ in nothing else."""

from __future__ import annotations

import tempfile
from pathlib import Path

import msgspec

from core.bundle import Bundle, write_bundle
from core.registry import ModelRegistry
from core.tags import ModelTag


def following(tag: ModelTag, number: int = 1) -> ModelTag:
    """The tag so many patches later."""
    return ModelTag(tag.major, tag.minor, tag.patch + number)


def publish_copy(registry: ModelRegistry, bundle: Bundle, tag: ModelTag) -> None:
    """Publish a bundle once more, as another tag."""
    with tempfile.TemporaryDirectory() as folder:
        write_bundle(Path(folder), msgspec.structs.replace(bundle.manifest, tag=tag), bundle.files)
        registry.publish(Bundle.read(Path(folder)))
