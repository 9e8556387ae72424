"""What the commands that train have in common: telling what came of it, and publishing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from core.command import this_python
from core.errors import BundleRefused

if TYPE_CHECKING:
    from core.bundle import Bundle
    from core.manifest import Manifest, Metric
    from ml.pipeline import Outcome
    from ml.progress import Progress
    from ml.settings import TrainingSettings


def tell(outcome: Outcome) -> None:
    """Print what a training has made."""
    manifest = outcome.bundle.manifest
    click.echo(
        f"\nTrained {manifest.tag} on {manifest.lineage.train.rows:,} rows; "
        f"on {manifest.lineage.holdout.rows:,} holdout rows:"
    )
    print_metrics(manifest.metrics)
    print_gate(manifest.gate.accepted, manifest.gate.reasons)
    click.echo(outcome.tracked)
    click.echo(f"Candidate: {outcome.bundle.directory}; its card: {this_python()} -m ml card")


def tell_refusal(manifest: Manifest) -> None:
    """Print what stays where the gate refused a candidate."""
    stays = manifest.gate.champion
    click.echo(f"Nothing was published; {f'{stays} stays the champion' if stays else 'there is no champion yet'}.")


def publish_candidate(settings: TrainingSettings, bundle: Bundle, progress: Progress) -> None:
    """
    Check a candidate once more, publish it, and print so.

    Raises:
        BundleRefused: if the gate refused it, or it is not what was judged.
    """
    from core.scorer import check_golden, load_scorer
    from ml.candidate import check_parity
    from ml.champion import find_champion
    from ml.versions import require_newer

    tag, gate, published = bundle.manifest.tag, bundle.manifest.gate, settings.registry.tags()
    if tag in published:
        raise BundleRefused(f"{tag} is published already; train again to get the next tag")
    if not gate.accepted:
        failed = "; ".join(reason.removeprefix("failed: ") for reason in gate.reasons if reason.startswith("failed"))
        raise BundleRefused(f"the gate refused {tag}: {failed}")
    require_newer(published, tag)
    current = find_champion(settings.registry, settings.ledger)
    if gate.champion != (current.manifest.tag if current else None):
        raise BundleRefused(f"{tag} was not judged against today's champion; train again")
    gap = check_parity(settings.candidate, bundle)
    check_golden(bundle, load_scorer(bundle))
    with progress.step(f"Publishing to {settings.registry}"):
        settings.registry.publish(bundle)
    click.echo(f"Published {tag}: served scores equal the trained ones to {gap:.1e} on the holdout.")
    click.echo(
        "Next: scripts/serve" + ("; a server that runs keeps its model until it is started again" if current else "")
    )


def print_metrics(metrics: dict[str, Metric]) -> None:
    """Print figures, one a line."""
    from ml.figures import metric_text

    for name, metric in metrics.items():
        click.echo(f"  {name:<18} {metric_text(metric)}")


def print_gate(accepted: bool, reasons: tuple[str, ...]) -> None:
    """Print a verdict and its reasons."""
    click.echo(f"Gate: {'accepted' if accepted else 'refused'}")
    for reason in reasons:
        click.echo(f"  {reason}")
