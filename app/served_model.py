"""The model a process serves: verified, golden, ready to answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import NDArray

from app.schemas import exact
from core.bundle import Bundle
from core.contract import CategoricalFeature, Contract, Row, Task
from core.encoder import Encoder
from core.errors import NothingPublished
from core.reference import CategoricalReference, NumericReference
from core.registry import ModelRegistry
from core.tags import ModelTag

if TYPE_CHECKING:
    from core.scorer import Scorer

UNSEEN_CATEGORY = "unseen_category"
OUTSIDE_TRAINING_RANGE = "outside_training_range"


class InputWarning(msgspec.Struct, frozen=True, kw_only=True):
    """A value that is allowed but that training did not see."""

    field: str
    code: str
    message: str


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    What one row gets.

    Binary: `label` and `score`, the positive class's probability. Multiclass: `label` and `scores` by class.
    Regression: `value`.
    """

    label: str | msgspec.UnsetType = msgspec.UNSET
    score: float | msgspec.UnsetType = msgspec.UNSET
    scores: dict[str, float] | msgspec.UnsetType = msgspec.UNSET
    value: float | msgspec.UnsetType = msgspec.UNSET
    warnings: tuple[InputWarning, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ServedModel:
    """A bundle whose golden rows came out right on this machine."""

    bundle: Bundle
    encoder: Encoder
    scorer: Scorer
    numeric: dict[str, NumericReference]
    categorical: dict[str, CategoricalReference]

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
        reference = bundle.reference()
        return cls(
            bundle=bundle,
            encoder=Encoder(bundle.contract),
            scorer=scorer,
            numeric=reference.numeric,
            categorical=reference.categorical,
        )

    @property
    def tag(self) -> str:
        """The served tag, as text."""
        return str(self.bundle.manifest.tag)

    @property
    def contract(self) -> Contract:
        """What callers send and get."""
        return self.bundle.contract

    def answer(self, rows: Sequence[Row]) -> list[Answer]:
        """
        Score valid rows.

        Args:
            rows: Each as `app.schemas` loads it; at least one.

        Returns:
            One answer a row, in order.
        """
        scores = self.scorer.score(self.encoder.rows(rows))
        return [self._answer(row, score) for row, score in zip(rows, scores, strict=True)]

    def _answer(self, row: Row, score: NDArray[np.float64]) -> Answer:
        target, warnings = self.contract.target, self._warnings(row)
        if target.task is Task.REGRESSION:
            return Answer(value=float(score[0]), warnings=warnings)
        if target.task is Task.MULTICLASS:
            scores = dict(zip(target.classes, score.tolist(), strict=True))
            return Answer(label=target.classes[int(score.argmax())], scores=scores, warnings=warnings)
        threshold = self.bundle.manifest.threshold
        is_positive = threshold is not None and float(score[0]) >= threshold.value
        return Answer(label=target.classes[int(is_positive)], score=float(score[0]), warnings=warnings)

    def _warnings(self, row: Row) -> tuple[InputWarning, ...]:
        found = []
        for feature in self.contract.features:
            value = row.get(feature.name)
            if value is None:
                continue
            if isinstance(feature, CategoricalFeature):
                if value not in feature.categories or value not in self.categorical[feature.name].counts:
                    text = f"training saw no {feature.name} {value!r}"
                    found.append(InputWarning(field=feature.name, code=UNSEEN_CATEGORY, message=text))
                continue
            seen = self.numeric[feature.name]
            if not seen.low <= float(value) <= seen.high:
                text = f"training saw {feature.name} from {exact(seen.low)} to {exact(seen.high)} only"
                found.append(InputWarning(field=feature.name, code=OUTSIDE_TRAINING_RANGE, message=text))
        return tuple(found)
