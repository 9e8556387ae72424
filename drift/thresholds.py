"""From where on a difference is worth a word, and how that follows from the reference's own windows."""

from __future__ import annotations

from dataclasses import dataclass

from core.reference import Spread


@dataclass(frozen=True, kw_only=True, slots=True)
class Thresholds:
    """
    What counts as a change; the defaults were measured on a year of real rows, see docs/adr/0017-the-right-null.md.

    Attributes:
        false_discovery_rate: Of the tests of one window.
        sds: A distance is usual up to the mean of the reference's windows and so many standard deviations.
        floor: No distance below is worth a warning.
        min_windows: With fewer windows in the reference nothing is known of what is usual.
        uncalibrated: The threshold then.
        alert_ratio: A distance of so many times the threshold is an alert at once.
        min_rows: Values that a verdict needs.
        few_rows: With fewer values nothing is said.
        few_effect: Between the two only a distance this large counts.
        rule_share: Share of rows that breaks a rule (another type, out of range, unseen) from which it counts.
        rule_rows: Rows that must break it.
        unseen_level: From where down the p-value of unseen categories counts.
        score_shift: Change of a mean probability that is an alert where it is not usual; where nothing is known of what
            is usual, it grows like the threshold of a distance.
        score_sds: The same of a predicted value, in standard deviations of the reference's.
    """

    false_discovery_rate: float = 0.01
    sds: float = 3.0
    floor: float = 0.03
    min_windows: int = 8
    uncalibrated: float = 0.10
    alert_ratio: float = 2.0
    min_rows: int = 500
    few_rows: int = 200
    few_effect: float = 0.2
    rule_share: float = 0.005
    rule_rows: int = 5
    unseen_level: float = 0.001
    score_shift: float = 0.03
    score_sds: float = 0.1

    def of(self, spread: Spread | None) -> tuple[float, bool]:
        """The threshold of a distance, and whether it comes from the reference's windows."""
        if not self.is_calibrated(spread):
            return self.uncalibrated, False
        return self.usual(spread, floor=self.floor), True

    def is_calibrated(self, spread: Spread | None) -> bool:
        """Whether there were enough windows to know what is usual."""
        return spread is not None and spread.windows >= self.min_windows

    def usual(self, spread: Spread | None, *, floor: float) -> float:
        """Up to where a distance is usual; at least the floor, which stands alone where too little is known."""
        if spread is None or not self.is_calibrated(spread):
            return floor
        return max(floor, spread.mean + self.sds * spread.sd)
