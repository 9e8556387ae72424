"""The names of everything that a service shows to Prometheus."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from app import create_app
from app.metrics.kept import StoreCollector
from app.settings import ServiceSettings
from core.registry import DirectoryRegistry
from tests.factories import make_bundle

_SUFFIXES: Final = {"histogram": ("_bucket", "_sum", "_count")}
_TYPE: Final = re.compile(r"^# TYPE (slipway_\w+) (\w+)$", re.MULTILINE)


def shown_kinds(folder: Path) -> dict[str, str]:
    """
    The kind of each metric by its name: counter, gauge or histogram.

    Args:
        folder: An empty one, for a model and its shadow.
    """
    registry = DirectoryRegistry(folder / "registry")
    for tag in ("model-v1.0.0", "model-v1.1.0"):
        registry.publish(make_bundle(folder / tag, tag=tag))
    variables = {"MODEL_TAG": "model-v1.0.0", "SHADOW_TAG": "model-v1.1.0", "JOURNAL_DIR": str(folder / "journal")}
    app = create_app(ServiceSettings.from_env(variables), registry=registry)
    shown = dict(_TYPE.findall(app.test_client().get("/metrics").text))
    # What there is to show of reports and experiments, too, of which there are none.
    kept = StoreCollector(app.extensions["journal"])
    found = shown | {metric.name: metric.type for metric in kept.describe()}
    return {name: kind for name, kind in found.items() if not name.endswith("_created")}


def sample_names(kinds: dict[str, str]) -> frozenset[str]:
    """The names under which samples of these metrics are found."""
    return frozenset(name + suffix for name, kind in kinds.items() for suffix in _SUFFIXES.get(kind, ("",)))
