"""The published models side by side: how good each is, what it was made from, and where it serves."""

from __future__ import annotations

from collections.abc import Mapping

from core.ledger import DeploymentLedger, Environment, champion
from core.manifest import Manifest
from core.registry import ModelRegistry
from core.tags import ModelTag
from ml.figures import metric_text

HEAD = ("tag", "trained", "known until", "rows", "holdout", "commit", "serves")
# The first two of these that a model has.
_TELLING = ("auc", "accuracy", "log_loss", "mae", "r2")


def list_models(registry: ModelRegistry, ledger: DeploymentLedger) -> list[tuple[str, ...]]:
    """
    One row a published tag, oldest first, under `HEAD`.

    Raises:
        RegistryError: if the registry cannot be read.
        LedgerError: if the ledger cannot be read.
    """
    tags = registry.tags()
    serving = {place: champion(ledger.history(place)) for place in Environment} if tags else {}
    return [_row(registry.manifest(tag), serving) for tag in tags]


def _row(manifest: Manifest, serving: Mapping[Environment, ModelTag | None]) -> tuple[str, ...]:
    lineage = manifest.lineage
    figures = [name for name in _TELLING if name in manifest.metrics][:2]
    return (
        str(manifest.tag),
        f"{manifest.created_at:%Y-%m-%d}",
        lineage.as_of or (lineage.holdout.end or "-")[:10],
        f"{lineage.train.rows:,}",
        ", ".join(f"{name} {metric_text(manifest.metrics[name], with_interval=False)}" for name in figures),
        (lineage.git_commit or "-")[:7] + ("+" if lineage.git_dirty else ""),
        ", ".join(place for place, tag in serving.items() if tag == manifest.tag) or "-",
    )
