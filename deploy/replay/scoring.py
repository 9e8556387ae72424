"""A bundle as it would answer here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from core.bundle import Bundle
from core.contract import Row, Task
from core.encoder import Encoder
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
    if bundle.contract.target.task is Task.REGRESSION:
        return [Answer(value=value) for (value,) in scores.tolist()]
    return _labelled(bundle, scores)


def _labelled(bundle: Bundle, scores: NDArray[np.float64]) -> list[Answer]:
    classes = bundle.contract.target.classes
    if bundle.contract.target.task is Task.MULTICLASS:
        best = zip(scores.argmax(axis=1).tolist(), scores.tolist(), strict=True)
        return [Answer(label=classes[label], scores=dict(zip(classes, row, strict=True))) for label, row in best]
    threshold = bundle.manifest.threshold
    least = math.inf if threshold is None else threshold.value
    return [Answer(label=classes[score >= least], score=score) for (score,) in scores.tolist()]


def fitted_until(bundle: Bundle) -> datetime | None:
    """The time of the last row that a bundle was fitted on; None where its data have no times."""
    end = bundle.manifest.lineage.fitted.end
    if end is None:
        return None
    time = datetime.fromisoformat(end)
    return time if time.tzinfo else time.replace(tzinfo=UTC)
