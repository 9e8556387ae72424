"""The model a process serves: verified, golden, ready to answer."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from app.decoder import Columns
from app.novelty import InputWarning, Novelty
from core.bundle import REFERENCE_NAME, Bundle
from core.contract import Contract, Target, Task
from core.encoder import Encoder
from core.ensemble import labels
from core.errors import CorruptArtifact, NothingPublished
from core.intervals import Band
from core.manifest import Member
from core.reference import DISAGREEMENT, Knots
from core.registry import ModelRegistry
from core.tags import ModelTag

if TYPE_CHECKING:
    from core.scorer import Scorer


class Answer(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """
    What one row gets; in a batch tag and arm stand once for all.

    Binary: `label` and `score`, the positive class's probability. Multiclass: `label` and `scores` by class.
    Regression: `value`, and where the bundle has intervals the `low` and `high` around it. Where they are asked for,
    `members` has each member's own score (multiclass: by class), and `disagreement` how far these lie apart.
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
    members: dict[str, float] | dict[str, dict[str, float]] | msgspec.UnsetType = msgspec.UNSET
    disagreement: float | msgspec.UnsetType = msgspec.UNSET
    warnings: list[InputWarning]


# A row alone would be a twentieth slower if this were a dataclass.
class Scored(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """
    Rows that were scored.

    Attributes:
        target: What was predicted.
        labels: One a row; None for regression.
        scores: One list a row, of as many numbers as the target has score columns.
        ends: Low and high of each row; None where the model has no intervals.
        disagreement: How far the members lie apart on each row, to six decimals.
        members: Who they are.
        opinions: The scores of each, before weights and calibration; float32, shape (n, score columns).
        warnings: What training did not see, with the number of its row.
    """

    target: Target
    labels: list[str] | None
    scores: list[list[float]]
    ends: list[list[float]] | None
    disagreement: list[float]
    members: tuple[Member, ...]
    opinions: Sequence[NDArray[np.float32]]
    warnings: list[tuple[int, InputWarning]]

    def answers(self, ids: Sequence[str], *, shows_members: bool = False) -> list[Answer]:
        """One answer a row, in order, under these ids."""
        answers = self._answers()
        if shows_members:
            for answer, members, disagreement in zip(answers, self._by_row(), self.disagreement, strict=True):
                answer.members, answer.disagreement = members, disagreement
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

    def _by_row(self) -> Sequence[dict[str, float] | dict[str, dict[str, float]]]:
        """What the members say of each row, by their names."""
        names = [member.name for member in self.members]
        rows = zip(*(scores.tolist() for scores in self.opinions), strict=True)
        if self.target.task is not Task.MULTICLASS:
            return [dict(zip(names, (score for (score,) in row), strict=True)) for row in rows]
        classes = self.target.classes
        return [
            {name: dict(zip(classes, scores, strict=True)) for name, scores in zip(names, row, strict=True)}
            for row in rows
        ]

    def _by_column(self) -> dict[str, list[float]] | dict[str, dict[str, list[float]]]:
        """What each member says, by its name, with one value a row."""
        columns = [scores.T.tolist() for scores in self.opinions]
        names = [member.name for member in self.members]
        if self.target.task is not Task.MULTICLASS:
            return {name: scores for name, (scores,) in zip(names, columns, strict=True)}
        classes = self.target.classes
        return {name: dict(zip(classes, scores, strict=True)) for name, scores in zip(names, columns, strict=True)}

    def columns(self, *, shows_members: bool = False) -> dict[str, Any]:
        """The fields of an answer, each as a list with one value a row."""
        found = self._columns()
        if self.ends is not None:
            low, high = zip(*self.ends, strict=True)
            found |= {"low": list(low), "high": list(high)}
        if shows_members:
            found |= {"members": self._by_column(), DISAGREEMENT: self.disagreement}
        return found

    def kept(self) -> dict[str, Any]:
        """
        The same as the journal keeps it: with the disagreement and without the members' own scores.

        Nor does it have low and high, which follow from the value by the tag's bundle.
        """
        return {**self._columns(), DISAGREEMENT: self.disagreement}

    def _columns(self) -> dict[str, Any]:
        if self.labels is None:
            return {"value": [value for (value,) in self.scores]}
        if self.target.task is Task.BINARY:
            return {"label": self.labels, "score": [score for (score,) in self.scores]}
        by_class = zip(self.target.classes, zip(*self.scores, strict=True), strict=True)
        return {"label": self.labels, "scores": dict(by_class)}


@dataclass(frozen=True, kw_only=True, slots=True)
class ServedModel:
    """
    A bundle whose golden rows came out right on this machine.

    Attributes:
        bundle: Every byte of it verified.
        encoder, scorer, novelty, band: What it is asked by; without intervals there is no band.
        load_s: How long it took to get there.
    """

    bundle: Bundle
    encoder: Encoder
    scorer: Scorer
    novelty: Novelty
    band: Band | None
    load_s: float

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
        began = time.perf_counter()
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
            load_s=time.perf_counter() - began,
        )

    @property
    def tag(self) -> str:
        """The served tag, as text."""
        return str(self.bundle.manifest.tag)

    @property
    def contract(self) -> Contract:
        """What callers send and get."""
        return self.bundle.contract

    def usual(self, score: str) -> Knots | None:
        """
        How a score was distributed on the holdout; None where the bundle does not say.

        Args:
            score: A score column, or the disagreement.

        Raises:
            CorruptArtifact: if that was damaged.
        """
        found = self.bundle.reference().scores.get(score)
        try:
            return found.knots() if found else None
        except ValueError as error:
            raise CorruptArtifact(self.bundle.directory / REFERENCE_NAME, f"its {score} {error}") from error

    def score(self, columns: Columns) -> Scored:
        """
        Score rows that keep the contract.

        Args:
            columns: At least one row.
        """
        matrix = self.encoder.encode(columns.values, columns.count)
        found, target = self.scorer.opinions(matrix), self.bundle.contract.target
        threshold = self.bundle.manifest.threshold
        return Scored(
            target=target,
            labels=labels(found.scores, target, threshold.value if threshold else None),
            scores=found.scores.tolist(),
            disagreement=found.disagreement,
            members=self.bundle.manifest.members,
            opinions=found.members,
            ends=self.band.around(found.scores[:, 0]).tolist() if self.band else None,
            warnings=self.novelty.find(matrix, columns.values),
        )
