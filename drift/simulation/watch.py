"""Judges the windows of one reference, one after the other, and remembers what was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from core.drift import Point
from drift.columns import Columns
from drift.counts import Profile, count_window
from drift.evidence import Evidence, Witness
from drift.findings import point_of
from drift.thresholds import Thresholds
from drift.verdict import Judgement, judge

# A verdict asks how many windows ago something was, not when.
_NO_DAY: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(kw_only=True, slots=True)
class Watch:
    """
    Sees the windows of one reference in their order; a season's last weeks take no part.

    Attributes:
        profile: The reference.
        length: Of the windows, `1d` or `7d`.
        thresholds: What counts as a change.
        drops_columns: Whether a column may be absent on purpose.
        history: By column, what was found in the windows before, the oldest first.
    """

    profile: Profile
    length: str
    thresholds: Thresholds = field(default_factory=Thresholds)
    drops_columns: bool = False
    history: dict[str, list[Point]] = field(default_factory=dict)

    def see(self, columns: Columns) -> list[Judgement]:
        """Judge a window, every column of it."""
        return self.weigh(self.gather(columns))

    def gather(self, columns: Columns) -> list[Evidence]:
        """What a window says; it is not remembered."""
        witness = Witness(profile=self.profile, length=self.length, thresholds=self.thresholds)
        return witness.gather(count_window(columns, self.profile))

    def weigh(self, evidence: Sequence[Evidence]) -> list[Judgement]:
        """Judge what a window says."""
        judged = judge(evidence, self.history, self.thresholds, length=self.length, drops_columns=self.drops_columns)
        for each in judged:
            self.history.setdefault(each.evidence.column, []).append(point_of(each, _NO_DAY))
        return judged

    def afresh(self) -> Watch:
        """The same with nothing seen yet."""
        return replace(self, history={})

    def of_feature(self, name: str) -> Watch:
        """
        The same for one feature alone, to gather evidence more quickly.

        Raises:
            ValueError: if the contract has no such feature.
        """
        contract = self.profile.contract
        features = tuple(feature for feature in contract.features if feature.name == name)
        if not features:
            raise ValueError(f"there is no column {name!r}; there are: {', '.join(contract.names)}")
        narrow = replace(self.profile, contract=replace(contract, features=features), scores={})
        return replace(self, profile=narrow, history={})
