"""What is answered: by which model, which labels and scores, and with which warnings."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from prometheus_client import CollectorRegistry, Counter, Histogram

from app.arms import Answered
from app.novelty import OUTSIDE_TRAINING_RANGE, UNSEEN_CATEGORY
from app.served_model import Scored
from core.contract import CategoricalFeature, Contract, Target, Task
from core.experiment import Arm
from core.reference import Reference

# What a model may bring by the thousand makes no more time series than this.
MOST_LABELS: Final = 50
MOST_FEATURES: Final = 200
OTHER: Final = "other"
_SHARES: Final = tuple(number / 20 for number in range(1, 21))
_LEVELS: Final = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)


class _Bulk(Histogram):
    """A histogram that takes many values at once."""

    def observe_counted(self, counts: Sequence[int], total: float) -> None:
        """
        Take in values that are counted already.

        Args:
            counts: For each bucket, those above the bucket before and not above it; the last is without a bound.
            total: Their sum.
        """
        self._sum.inc(total)
        for bucket, count in zip(self._buckets, counts, strict=True):
            if count:
                bucket.inc(count)


class _Kind(NamedTuple):
    """The metrics of a kind of answer, looked up once."""

    rows: Counter
    scores: _Bulk


class AnswerMeter:
    """Counts the answers of a process."""

    def __init__(self, registry: CollectorRegistry, contract: Contract, reference: Reference, *, tag: str) -> None:
        """
        Args:
            registry: Of the process's metrics.
            contract: That all of its models have.
            reference: Of the champion.
            tag: Of the champion.
        """
        self._labels = frozenset(contract.target.classes[:MOST_LABELS])
        self._features = frozenset(contract.names[:MOST_FEATURES])
        edges = score_edges(contract.target, reference)
        self._edges = np.array(edges)
        self._rows = Counter(
            "slipway_predictions",
            "Rows that were answered, by the model that did, the arm they belong to, why the champion took over, and "
            "the label.",
            ["model_tag", "arm", "fallback", "label"],
            registry=registry,
        )
        self._scores = _Bulk(
            "slipway_prediction_score",
            "The positive class's probability; of several classes that of the label; or the value.",
            ["model_tag", "arm"],
            buckets=edges,
            registry=registry,
        )
        self._warnings = Counter(
            "slipway_input_warnings",
            "Values that training did not see, by feature.",
            ["feature", "code"],
            registry=registry,
        )
        self._unwritten = Counter(
            "slipway_journal_unwritten", "Requests that were answered without a line in the journal.", registry=registry
        )
        self._kind = lru_cache(maxsize=1000)(self._bind)
        # What begins with a first batch shows no increase to whoever has not seen it before.
        for label in contract.target.classes[:MOST_LABELS] or ("",):
            self._kind(tag, Arm.CHAMPION, "", label)
        for feature in contract.features[:MOST_FEATURES]:
            is_named = isinstance(feature, CategoricalFeature)
            self._warnings.labels(feature.name, UNSEEN_CATEGORY if is_named else OUTSIDE_TRAINING_RANGE)

    def _bind(self, tag: str, arm: str, fallback: str, label: str) -> _Kind:
        shown = label if label in self._labels or not label else OTHER
        return _Kind(self._rows.labels(tag, arm, fallback, shown), self._scores.labels(tag, arm))

    def count(self, answered: Answered) -> None:
        """Count rows that were answered."""
        scored = answered.scored
        by = answered.tag, answered.arm, answered.fallback or ""
        if len(scored.scores) == 1:
            kind = self._kind(*by, scored.labels[0] if scored.labels else "")
            kind.rows.inc()
            kind.scores.observe(max(scored.scores[0]))
        else:
            self._count_many(scored, *by)
        if scored.warnings:
            for (field, code), times in Tally((each.field, each.code) for _, each in scored.warnings).items():
                self._warnings.labels(field if field in self._features else OTHER, code).inc(times)

    def _count_many(self, scored: Scored, tag: str, arm: str, fallback: str) -> None:
        labels = Tally(scored.labels) if scored.labels else {"": len(scored.scores)}
        for label, rows in labels.items():
            self._kind(tag, arm, fallback, label).rows.inc(rows)
        values = np.array([max(row) for row in scored.scores])
        counts = np.bincount(np.searchsorted(self._edges, values, "left"), minlength=len(self._edges) + 1)
        self._kind(tag, arm, fallback, next(iter(labels))).scores.observe_counted(counts.tolist(), float(values.sum()))

    def note_unwritten(self) -> None:
        """A request was answered that could not be written down."""
        self._unwritten.inc()


def score_edges(target: Target, reference: Reference) -> tuple[float, ...]:
    """
    The upper bounds of the buckets of scores, rising, the last one of which has none.

    Those of probabilities are twentieths, those of values the quantiles that the reference has.
    """
    if target.task is not Task.REGRESSION:
        return _SHARES
    found = reference.scores.get("value")
    return tuple(dict.fromkeys(found.knots().quantiles(_LEVELS))) if found else (0.0,)
