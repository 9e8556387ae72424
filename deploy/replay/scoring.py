"""A bundle as it would answer here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from core.bundle import Bundle
from core.contract import Row, Task
from core.encoder import Encoder
from core.ensemble import labels
from deploy.judging.asking import Answer


def answers_of(bundle: Bundle, rows: Sequence[Row]) -> list[Answer]:
    """
    What a bundle answers to rows that keep its contract, as its service would.

    Args:
        bundle: Whose every byte was checked.
        rows: At least one.

    Raises:
        BundleRefused: if its golden rows do not come out right on this machine.
    """
    # Loaded here, so that --help needs no ONNX Runtime.
    from core.scorer import check_golden, load_scorer  # noqa: PLC0415  # see above

    scorer = load_scorer(bundle)
    check_golden(bundle, scorer)
    scores = scorer.score(Encoder(bundle.contract).rows(rows))
    target, threshold = bundle.contract.target, bundle.manifest.threshold
    if target.task is Task.REGRESSION:
        return [Answer(value=value) for (value,) in scores.tolist()]
    labelled = zip(labels(scores, target, threshold.value if threshold else None) or (), scores.tolist(), strict=True)
    if target.task is Task.MULTICLASS:
        return [Answer(label=label, scores=dict(zip(target.classes, row, strict=True))) for label, row in labelled]
    return [Answer(label=label, score=score) for label, (score,) in labelled]


def fitted_until(bundle: Bundle) -> datetime | None:
    """The time of the last row that a bundle was fitted on; None where its data have no times."""
    end = bundle.manifest.lineage.fitted.end
    if end is None:
        return None
    time = datetime.fromisoformat(end)
    return time if time.tzinfo else time.replace(tzinfo=UTC)
