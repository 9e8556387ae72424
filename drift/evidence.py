"""What a window says of each column: distances, p-values, broken rules; nothing is judged yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from core.contract import CategoricalFeature, DriftRole, Feature, NumericFeature, Task
from core.effects import KnotCounts, counts_of, ks_distance, total_variation
from core.reference import DISAGREEMENT, CategoricalReference, NumericReference, Spreads
from drift.counts import QUANTILES, CategoricalCounts, NumericCounts, Profile, WindowCounts, aligned
from drift.statistics import chi_squared, ks_p_value, two_proportions, unseen_p_value
from drift.thresholds import Thresholds
from drift.units import unit_hint

# A number with fewer distinct values is tested as a category: with ties that large a distance's p-value is too large.
_FEW_VALUES = 20
NUMERIC, CATEGORICAL, SCORE = "numeric", "categorical", "score"


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """
    A difference from the reference.

    Attributes:
        effect: Its size, in [0, 1].
        threshold: From where on it is worth a warning.
        is_calibrated: Whether that comes from the reference's windows.
        p_value: That it comes by chance from independent rows.
    """

    effect: float
    threshold: float
    is_calibrated: bool
    p_value: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """
    One column of a window.

    Attributes:
        column, kind, role, unit: As in a finding.
        rows: Of the window.
        present: Rows with a value.
        missing, reference_missing: Shares of rows without one.
        is_absent: Whether no row has the column at all.
        is_redacted: Whether only is known which values were missing.
        wrong: Values of another type or no finite number.
        outside: Values beyond the contract's bounds.
        values: How the values differ; None where there are none to compare.
        gap: How the share of missing values differs.
        unseen: Rows of categories that the reference does not have.
        unseen_names: These categories, the most frequent first.
        recent: How the values differ from those of the last weeks, for a seasonal column.
        mean, reference_mean: Of the values; None where there are none.
        mean_threshold: Change of the mean that is worth an alert, for a score.
        unit_hint: What other unit the values look like, if any.
        quantiles, reference_quantiles: At 5, 25, 50, 75 and 95 %.
    """

    column: str
    kind: str
    role: DriftRole
    unit: str
    rows: int
    present: int
    missing: float
    reference_missing: float
    is_absent: bool = False
    is_redacted: bool = False
    wrong: int = 0
    outside: int = 0
    values: Difference | None = None
    gap: Difference | None = None
    unseen: Difference | None = None
    unseen_names: Mapping[str, int] = field(default_factory=dict)
    recent: Difference | None = None
    mean: float | None = None
    reference_mean: float | None = None
    mean_threshold: float | None = None
    unit_hint: str | None = None
    quantiles: tuple[float, ...] = ()
    reference_quantiles: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Witness:
    """
    Says what a window of some length has to say.

    Attributes:
        profile: Of the tag that answered the rows.
        length: Of the window, `1d` or `7d`, by which the thresholds are chosen.
        thresholds: What counts as a change.
    """

    profile: Profile
    length: str
    thresholds: Thresholds

    def gather(self, window: WindowCounts, recent: WindowCounts | None = None) -> list[Evidence]:
        """
        The evidence of every feature, in the contract's order, and then of the scores.

        Args:
            window: Counted beside the profile.
            recent: The last weeks, counted beside the same profile, for seasonal features; None where these are few.
        """
        features = [
            self._numeric(feature, window, recent)
            if isinstance(feature, NumericFeature)
            else self._categorical(feature, window, recent)
            for feature in self.profile.contract.features
        ]
        return features + [self._score(name, window) for name in self.profile.scores]

    def _numeric(self, feature: NumericFeature, window: WindowCounts, recent: WindowCounts | None) -> Evidence:
        name = feature.name
        counts, reference, knots = window.numeric[name], self.profile.reference.numeric[name], self.profile.knots[name]
        plain = self._plain(feature, NUMERIC, counts, reference, window)
        if plain.is_redacted or not counts.present:
            return plain
        spread, before = self._spreads(reference), knots.quantiles(QUANTILES)
        earlier = recent.numeric.get(name) if recent and _is_in_season(feature, recent) else None
        return replace(
            plain,
            outside=counts.outside,
            values=self._numbers(counts_of(knots), counts.knots, spread),
            recent=self._numbers(earlier.knots, counts.knots, spread) if earlier else None,
            mean=counts.total / counts.present,
            reference_mean=reference.mean,
            unit_hint=unit_hint(before, counts.quantiles, feature.unit),
            quantiles=counts.quantiles,
            reference_quantiles=before,
        )

    def _categorical(self, feature: CategoricalFeature, window: WindowCounts, recent: WindowCounts | None) -> Evidence:
        name = feature.name
        counts, reference = window.categorical[name], self.profile.reference.categorical[name]
        plain = self._plain(feature, CATEGORICAL, counts, reference, window)
        if plain.is_redacted or not counts.present:
            return plain
        own = CategoricalCounts(
            rows=reference.count,
            missing=reference.missing,
            wrong=0,
            known=self.profile.shares[name],
            unseen={},
            other=reference.other,
        )
        spread = self._spreads(reference)
        earlier = recent.categorical.get(name) if recent and _is_in_season(feature, recent) else None
        return replace(
            plain,
            values=self._categories(own, counts, spread),
            recent=self._categories(earlier, counts, spread) if earlier else None,
            unseen=self._unseen(counts, reference, spread),
            # Where not every category is kept by name, none is known to be new.
            unseen_names={} if reference.other else dict(counts.unseen),
        )

    def _score(self, name: str, window: WindowCounts) -> Evidence:
        counts, reference, knots = window.scores[name], self.profile.reference.scores[name], self.profile.scores[name]
        plain = Evidence(
            column=name,
            kind=SCORE,
            role=DriftRole.TESTED,
            unit=self.profile.contract.target.unit,
            rows=counts.rows,
            present=counts.present,
            missing=_share(counts.missing, counts.rows),
            reference_missing=0.0,
            # A score that is missing where others are given is wrong.
            is_absent=counts.rows > 0 and not counts.present and not counts.wrong,
            wrong=counts.wrong,
        )
        if not counts.present or not knots.count:
            return plain
        spread = self._spreads(reference)
        return replace(
            plain,
            values=self._numbers(counts_of(knots), counts.knots, spread),
            mean=counts.total / counts.present,
            reference_mean=reference.mean,
            mean_threshold=self._mean_threshold(name, reference, spread),
            quantiles=counts.quantiles,
            reference_quantiles=knots.quantiles(QUANTILES),
        )

    def _plain(
        self,
        feature: Feature,
        kind: str,
        counts: NumericCounts | CategoricalCounts,
        reference: NumericReference | CategoricalReference,
        window: WindowCounts,
    ) -> Evidence:
        """What can be said of every feature, with or without values."""
        return Evidence(
            column=feature.name,
            kind=kind,
            role=feature.drift,
            unit=feature.unit if isinstance(feature, NumericFeature) else "",
            rows=counts.rows,
            present=counts.present,
            missing=_share(counts.missing, counts.rows),
            reference_missing=_share(reference.missing, reference.count),
            is_absent=feature.name in window.absent,
            is_redacted=feature.name in window.redacted,
            wrong=counts.wrong,
            gap=self._gap(counts, reference),
        )

    def _spreads(self, reference: NumericReference | CategoricalReference) -> Spreads | None:
        return reference.spreads.get(self.length)

    def _numbers(self, reference: KnotCounts, window: KnotCounts, spread: Spreads | None) -> Difference | None:
        if not (reference.count and len(reference.at)):
            return None
        effect = ks_distance(reference, window)
        if len(reference.at) <= _FEW_VALUES:
            # Every value and every gap as a category.
            p_value = chi_squared(_cells(reference), _cells(window)).p_value
        else:
            p_value = ks_p_value(effect, reference.count, window.count)
        return self._test(effect, p_value, spread)

    def _categories(
        self, reference: CategoricalCounts, window: CategoricalCounts, spread: Spreads | None
    ) -> Difference | None:
        if not reference.present:
            return None
        before, now = aligned(reference, window)
        return self._test(total_variation(before, now), chi_squared(before, now).p_value, spread)

    def _test(self, effect: float, p_value: float, spread: Spreads | None) -> Difference:
        threshold, is_calibrated = self.thresholds.of(spread.effect if spread else None)
        return Difference(effect=effect, threshold=threshold, is_calibrated=is_calibrated, p_value=p_value)

    def _gap(
        self, counts: NumericCounts | CategoricalCounts, reference: NumericReference | CategoricalReference
    ) -> Difference | None:
        if not counts.rows or not reference.count:
            return None
        spread = self._spreads(reference)
        usual = spread.missing if spread else None
        return Difference(
            effect=abs(_share(counts.missing, counts.rows) - _share(reference.missing, reference.count)),
            threshold=self.thresholds.usual(usual, floor=self.thresholds.floor),
            is_calibrated=self.thresholds.is_calibrated(usual),
            p_value=two_proportions(reference.missing, reference.count, counts.missing, counts.rows),
        )

    def _unseen(self, counts: CategoricalCounts, reference: CategoricalReference, spread: Spreads | None) -> Difference:
        rows = 0 if reference.other else sum(counts.unseen.values()) + counts.other
        usual = spread.unseen if spread else None
        present = reference.count - reference.missing
        return Difference(
            effect=_share(rows, counts.present),
            threshold=self.thresholds.usual(usual, floor=self.thresholds.rule_share),
            is_calibrated=self.thresholds.is_calibrated(usual),
            p_value=unseen_p_value(rows, counts.present, reference.singletons, present),
        )

    def _mean_threshold(self, name: str, reference: NumericReference, spread: Spreads | None) -> float:
        thresholds, usual = self.thresholds, spread.mean if spread else None
        floor = thresholds.score_shift
        if self.profile.contract.target.task is Task.REGRESSION or name == DISAGREEMENT:
            floor = thresholds.score_sds * (reference.sd or 0.0)
        if not thresholds.is_calibrated(usual):
            floor *= thresholds.uncalibrated / thresholds.floor
        return thresholds.usual(usual, floor=floor)


def _is_in_season(feature: Feature, recent: WindowCounts) -> bool:
    """Whether the last weeks have values with which a feature is to be compared."""
    return feature.drift is DriftRole.SEASONAL and feature.name not in recent.redacted


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _cells(counts: KnotCounts) -> NDArray[np.int64]:
    return np.concatenate([counts.at, counts.between])
