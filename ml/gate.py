"""Whether a challenger may replace the champion: a pure decision over paired losses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.manifest import Metric
from ml.figures import metric_text
from ml.metrics import MIN_BLOCKS, draw_block_counts, widening

DRAWS = 10_000
# A champion that answers in a fraction of this may be replaced by a model that takes many times as long.
FAST_ENOUGH_MS = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class GatePolicy:
    """
    When a challenger may replace the champion.

    Attributes:
        segments: Categorical features by whose values no group may get worse.
        min_segment_rows: Smaller groups are not judged.
        confidence: Of the one-sided bounds, in (0.5, 1).
        stale_after_days: From this age on a champion may be replaced by a model that is not worse by more than
            `stale_margin` (a share of the champion's loss).
        max_calibration_error: Largest expected calibration error of a classifier, above what is chance.
        max_coverage_error: How far below the promised share of outcomes a regression's intervals may certainly be.
        max_latency_ratio: Largest single-row scoring time, as a multiple of the champion's; a millisecond is always
            fast enough.
    """

    segments: tuple[str, ...]
    min_segment_rows: int
    confidence: float
    stale_after_days: int
    stale_margin: float
    max_calibration_error: float
    max_latency_ratio: float
    max_coverage_error: float = 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class Latency:
    """Median time of one row, in milliseconds."""

    challenger_ms: float
    champion_ms: float

    @property
    def ratio(self) -> float:
        """The challenger's time as a multiple of the champion's."""
        return self.challenger_ms / self.champion_ms


@dataclass(frozen=True, kw_only=True, slots=True)
class Coverage:
    """The share of outcomes that intervals hold on the holdout, and the share that they promise."""

    found: Metric
    level: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One question the gate asked, and the answer."""

    passed: bool
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """
    Both models on the same rows.

    Attributes:
        champion: What the challenger is compared with: a tag, or "the base rate" for a first model.
        champion_loss: Loss of each row, shape (n,).
        challenger_loss: The same rows, shape (n,).
        blocks: Rows to resample together, shape (n,).
        segments: Group name to the rows that belong to it, boolean, shape (n,).
        calibration_error: The challenger's, or None for regression.
        calibration_chance: The error that perfectly calibrated scores would show on as many rows.
        latency: Both models' time, or None without a champion.
        coverage: Of the challenger's intervals; None without any.
        champion_age_days: Days between the ends of both models' training rows; None where unknown.
        remarks: What else was found when the evidence was gathered, such as rows that cannot tell the models apart.
    """

    champion: str
    champion_loss: NDArray[np.float64]
    challenger_loss: NDArray[np.float64]
    blocks: NDArray[np.int64]
    segments: Mapping[str, NDArray[np.bool_]]
    calibration_error: float | None
    calibration_chance: float
    latency: Latency | None
    champion_age_days: float | None
    coverage: Coverage | None = None
    remarks: tuple[Finding, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """The gate's decision; a challenger is accepted when every finding passed."""

    champion: str
    findings: tuple[Finding, ...]

    @property
    def is_accepted(self) -> bool:
        """Whether the challenger may replace the champion."""
        return all(finding.passed for finding in self.findings)


def decide(evidence: Evidence, policy: GatePolicy, *, seed: int) -> Verdict:
    """
    Judge a challenger.

    Args:
        evidence: Both models' losses and what else counts.
        policy: What is asked.
        seed: Of the bootstrap.

    Returns:
        Accepted only if the paired block bootstrap's one-sided bound says that the challenger's loss is smaller
        (for a stale champion: not larger by more than the margin), no segment of enough rows is significantly
        worse after Bonferroni's correction, and calibration, intervals and latency stay in budget. A tie keeps the
        champion.
    """
    _, dense = np.unique(evidence.blocks, return_inverse=True)
    counts = draw_block_counts(int(dense.max()) + 1, DRAWS, seed)
    findings = [_overall(evidence, policy, dense, counts), *_segments(evidence, policy, dense, counts)]
    if evidence.calibration_error is not None:
        findings.append(
            Finding(
                passed=evidence.calibration_error - evidence.calibration_chance <= policy.max_calibration_error,
                text=f"calibration error {evidence.calibration_error:.4f}, of which {evidence.calibration_chance:.4f} "
                f"is chance; at most {policy.max_calibration_error:g} above chance is allowed",
            )
        )
    if evidence.coverage is not None:
        findings.append(_coverage(evidence.coverage, policy.max_coverage_error))
    if evidence.latency is not None:
        allowed = f"{policy.max_latency_ratio:g} times the champion's time, or {FAST_ENOUGH_MS:g} ms"
        is_fast = evidence.latency.ratio <= policy.max_latency_ratio or evidence.latency.challenger_ms <= FAST_ENOUGH_MS
        # Without the figures, which belong to the machine: the text becomes part of the bundle.
        findings.append(
            Finding(passed=is_fast, text=f"one row takes {'at most' if is_fast else 'more than'} {allowed}")
        )
    return Verdict(champion=evidence.champion, findings=(*findings, *evidence.remarks))


def _overall(evidence: Evidence, policy: GatePolicy, dense: NDArray[np.int64], counts: NDArray[np.float64]) -> Finding:
    difference = evidence.challenger_loss - evidence.champion_loss
    mean, scale = float(difference.mean()), float(evidence.champion_loss.mean())
    change = f"loss {_share(mean, scale)} against {evidence.champion}"
    days = counts.shape[1]
    if days < MIN_BLOCKS:
        return Finding(
            passed=False,
            text=f"{change}, over {days} days; at least {MIN_BLOCKS} days are needed to tell it from chance, "
            "so make split.holdout in model.toml longer",
        )
    drawn = _drawn_means(difference, dense, counts)
    upper = mean + (float(np.quantile(drawn, policy.confidence)) - mean) * widening(days, policy.confidence)
    change = f"{change} (upper bound {_share(upper, scale)})"
    if evidence.champion_age_days is not None and evidence.champion_age_days >= policy.stale_after_days:
        return Finding(
            passed=upper < policy.stale_margin * scale,
            text=f"{change}; the champion is {evidence.champion_age_days:.0f} days old, "
            f"so up to {policy.stale_margin:+.2%} is allowed",
        )
    return Finding(passed=upper < 0, text=f"{change}; it must be below zero")


def _segments(
    evidence: Evidence, policy: GatePolicy, dense: NDArray[np.int64], counts: NDArray[np.float64]
) -> list[Finding]:
    if not evidence.segments:
        return []
    difference = evidence.challenger_loss - evidence.champion_loss
    judged = {
        name: rows
        for name, rows in evidence.segments.items()
        if rows.sum() >= policy.min_segment_rows and len(np.unique(dense[rows])) >= MIN_BLOCKS
    }
    level = (1 - policy.confidence) / max(len(judged), 1)
    worse = []
    for name, rows in judged.items():
        drawn = _drawn_means(np.where(rows, difference, 0.0), dense, counts, rows)
        # A draw without rows of the group says nothing of it.
        drawn, mean = drawn[np.isfinite(drawn)], float(difference[rows].mean())
        lower = mean + (float(np.quantile(drawn, level)) - mean) * widening(len(np.unique(dense[rows])), level)
        if lower > 0:
            change = _share(mean, float(evidence.champion_loss[rows].mean()))
            worse.append(f"{name} ({change} over {int(rows.sum()):,} rows)")
    skipped = len(evidence.segments) - len(judged)
    few = f"; {skipped} with too few rows or days were not judged" if skipped else ""
    if worse:
        return [Finding(passed=False, text=f"significantly worse in {', '.join(worse)}{few}")]
    return [Finding(passed=True, text=f"no segment of {len(judged)} is significantly worse{few}")]


def _coverage(coverage: Coverage, most: float) -> Finding:
    """
    Whether intervals hold about what they promise.

    The upper end of the figure's interval is what counts: a small holdout may miss the promise by chance, and rows of
    one day miss it together.
    """
    found = coverage.found
    best = found.value if found.high is None else found.high
    return Finding(
        passed=best is not None and coverage.level - best <= most,
        text=f"intervals hold {metric_text(found)} of the outcomes, {coverage.level:g} is promised; "
        f"at most {most:g} less is allowed, above chance",
    )


def _share(change: float, loss: float) -> str:
    """A change as a share of a loss; as it is where the champion loses nothing."""
    return f"{change / loss:+.2%}" if loss > 0 else f"{change:+.4g}"


def _drawn_means(
    values: NDArray[np.float64],
    dense: NDArray[np.int64],
    counts: NDArray[np.float64],
    rows: NDArray[np.bool_] | None = None,
) -> NDArray[np.float64]:
    """The mean of `values` over the counted rows in every draw, NaN where a draw has none; shape (draws,)."""
    size = counts.shape[1]
    sums = counts @ np.bincount(dense, weights=values, minlength=size)
    n = counts @ np.bincount(dense, weights=None if rows is None else rows.astype(np.float64), minlength=size)
    with np.errstate(invalid="ignore"):
        means: NDArray[np.float64] = sums / n
    return means
