"""The model a process serves: verified, golden, ready to answer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from app.decoder import Columns
from app.novelty import InputWarning, Novelty
from core.bundle import Bundle
from core.contract import Contract, Target, Task
from core.encoder import Encoder
from core.errors import NothingPublished
from core.intervals import Band
from core.registry import ModelRegistry
from core.tags import ModelTag

if TYPE_CHECKING:
    from core.scorer import Scorer


class Answer(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """
    What one row gets; in a batch tag and arm stand once for all.

    Binary: `label` and `score`, the positive class's probability. Multiclass: `label` and `scores` by class.
    Regression: `value`, and where the bundle has intervals the `low` and `high` around it.
    """

    id: str | msgspec.UnsetType = msgspec.UNSET
    model_tag: str | msgspec.UnsetType = msgspec.UNSET
    arm: str | msgspec.UnsetType = msgspec.UNSET
    label: str | msgspec.UnsetType = msgspec.UNSET
    score: float | msgspec.UnsetType = msgspec.UNSET
    scores: dict[str, float] | msgspec.UnsetType = msgspec.UNSET
    value: float | msgspec.UnsetType = msgspec.UNSET
    low: float | msgspec.UnsetType = msgspec.UNSET
    high: float | msgspec.UnsetType = msgspec.UNSET
    warnings: list[InputWarning]


@dataclass(frozen=True, kw_only=True, slots=True)
class Scored:
    """
    Rows that were scored.

    Attributes:
        target: What was predicted.
        labels: One a row; None for regression.
        scores: One list a row, of as many numbers as the target has score columns.
        ends: Low and high of each row; None where the model has no intervals.
        warnings: What training did not see, with the number of its row.
    """

    target: Target
    labels: list[str] | None
    scores: list[list[float]]
    ends: list[list[float]] | None
    warnings: list[tuple[int, InputWarning]]

    def answers(self, ids: Sequence[str]) -> list[Answer]:
        """One answer a row, in order, under these ids."""
        answers = self._answers()
        for answer, made in zip(answers, ids, strict=True):
            answer.id = made
        for row, warning in self.warnings:
            answers[row].warnings.append(warning)
        return answers

    def _answers(self) -> list[Answer]:
        if self.ends is not None:
            with_ends = zip(self.scores, self.ends, strict=True)
            return [Answer(value=value, low=low, high=high, warnings=[]) for (value,), (low, high) in with_ends]
        if self.labels is None:
            return [Answer(value=value, warnings=[]) for (value,) in self.scores]
        labelled = zip(self.labels, self.scores, strict=True)
        if self.target.task is Task.BINARY:
            return [Answer(label=label, score=score, warnings=[]) for label, (score,) in labelled]
        classes = self.target.classes
        return [
            Answer(label=label, scores=dict(zip(classes, row, strict=True)), warnings=[]) for label, row in labelled
        ]

    def columns(self) -> dict[str, Any]:
        """The fields of an answer, each as a list with one value a row."""
        if self.ends is None:
            return self.kept()
        low, high = zip(*self.ends, strict=True)
        return {**self.kept(), "low": list(low), "high": list(high)}

    def kept(self) -> dict[str, Any]:
        """The same as the journal keeps it: without low and high, which follow from the value by the tag's bundle."""
        if self.labels is None:
            return {"value": [value for (value,) in self.scores]}
        if self.target.task is Task.BINARY:
            return {"label": self.labels, "score": [score for (score,) in self.scores]}
        by_class = zip(self.target.classes, zip(*self.scores, strict=True), strict=True)
        return {"label": self.labels, "scores": dict(by_class)}


@dataclass(frozen=True, kw_only=True, slots=True)
class ServedModel:
    """A bundle whose golden rows came out right on this machine."""

    bundle: Bundle
    encoder: Encoder
    scorer: Scorer
    novelty: Novelty
    band: Band | None

    @classmethod
    def load(cls, registry: ModelRegistry, tag: ModelTag | None) -> ServedModel:
        """
        Fetch, verify and try a bundle.

        Args:
            registry: Where it is published.
            tag: By default the newest.

        Raises:
            NothingPublished: if the registry is empty and no tag is given.
            UnknownTag: if it is not published.
            CorruptArtifact: if a byte of it changed.
            BundleRefused: if its golden rows do not come out right.
        """
        # gunicorn's master imports this package for its settings, and its workers never end if it has forked with
        # onnxruntime in memory.
        from core.scorer import check_golden, load_scorer  # noqa: PLC0415  # see above

        if tag is None:
            tags = registry.tags()
            if not tags:
                raise NothingPublished(str(registry))
            tag = tags[-1]
        bundle = registry.fetch(tag)
        scorer = load_scorer(bundle)
        check_golden(bundle, scorer)
        return cls(
            bundle=bundle,
            encoder=Encoder(bundle.contract),
            scorer=scorer,
            novelty=Novelty(bundle.contract, bundle.reference()),
            band=Band.of(bundle.manifest.intervals) if bundle.manifest.intervals else None,
        )

    @property
    def tag(self) -> str:
        """The served tag, as text."""
        return str(self.bundle.manifest.tag)

    @property
    def contract(self) -> Contract:
        """What callers send and get."""
        return self.bundle.contract

    def score(self, columns: Columns) -> Scored:
        """
        Score rows that keep the contract.

        Args:
            columns: At least one row.
        """
        matrix = self.encoder.encode(columns.values, columns.count)
        scores = self.scorer.score(matrix)
        return Scored(
            target=self.contract.target,
            labels=self._labels(scores),
            scores=scores.tolist(),
            ends=self.band.around(scores[:, 0]).tolist() if self.band else None,
            warnings=self.novelty.find(matrix, columns.values),
        )

    def _labels(self, scores: NDArray[np.float64]) -> list[str] | None:
        target = self.contract.target
        if target.task is Task.REGRESSION:
            return None
        if target.task is Task.MULTICLASS:
            return [target.classes[label] for label in scores.argmax(axis=1).tolist()]
        threshold = self.bundle.manifest.threshold
        least = math.inf if threshold is None else threshold.value
        negative, positive = target.classes
        return [positive if value >= least else negative for value in scores[:, 0].tolist()]
