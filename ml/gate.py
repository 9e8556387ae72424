"""Whether a challenger may replace the champion: a pure decision over paired losses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.metrics import draw_block_counts
from ml.problem import GatePolicy

DRAWS = 10_000


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
        latency_ratio: The challenger's single-row time over the champion's, or None without a champion.
        champion_age_days: Days between the ends of both models' training rows; None where unknown.
        unfair: Why the rows cannot tell the models apart, if they cannot.
    """

    champion: str
    champion_loss: NDArray[np.float64]
    challenger_loss: NDArray[np.float64]
    blocks: NDArray[np.int64]
    segments: Mapping[str, NDArray[np.bool_]]
    calibration_error: float | None
    calibration_chance: float
    latency_ratio: float | None
    champion_age_days: float | None
    unfair: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One question the gate asked, and the answer."""

    passed: bool
    text: str


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
        worse after Bonferroni's correction, and calibration and latency stay in budget. A tie keeps the champion.
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
    if evidence.latency_ratio is not None:
        findings.append(
            Finding(
                passed=evidence.latency_ratio <= policy.max_latency_ratio,
                # Without the figure, which belongs to the machine: the text becomes part of the bundle.
                text=f"one row must not take more than {policy.max_latency_ratio:g} times the champion's time",
            )
        )
    if evidence.unfair is not None:
        findings.append(Finding(passed=False, text=evidence.unfair))
    return Verdict(champion=evidence.champion, findings=tuple(findings))


def _overall(evidence: Evidence, policy: GatePolicy, dense: NDArray[np.int64], counts: NDArray[np.float64]) -> Finding:
    difference = evidence.challenger_loss - evidence.champion_loss
    drawn = _drawn_means(difference, dense, counts)
    scale = float(evidence.champion_loss.mean())
    upper = float(np.quantile(drawn, policy.confidence))
    mean, bound = _share(float(difference.mean()), scale), _share(upper, scale)
    change = f"loss {mean} against {evidence.champion} (upper bound {bound})"
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
    judged = {name: rows for name, rows in evidence.segments.items() if rows.sum() >= policy.min_segment_rows}
    if not judged:
        return []
    difference = evidence.challenger_loss - evidence.champion_loss
    level = (1 - policy.confidence) / len(judged)
    worse = []
    for name, rows in judged.items():
        drawn = _drawn_means(np.where(rows, difference, 0.0), dense, counts, rows)
        if float(np.mean(drawn <= 0)) < level:
            change = _share(float(difference[rows].mean()), float(evidence.champion_loss[rows].mean()))
            worse.append(f"{name} ({change} over {int(rows.sum()):,} rows)")
    if worse:
        return [Finding(passed=False, text=f"significantly worse in {', '.join(worse)}")]
    return [Finding(passed=True, text=f"no segment of {len(judged)} is significantly worse")]


def _share(change: float, loss: float) -> str:
    """A change as a share of a loss; as it is where the champion loses nothing."""
    return f"{change / loss:+.2%}" if loss > 0 else f"{change:+.4g}"


def _drawn_means(
    values: NDArray[np.float64],
    dense: NDArray[np.int64],
    counts: NDArray[np.float64],
    rows: NDArray[np.bool_] | None = None,
) -> NDArray[np.float64]:
    """The mean of `values` over the counted rows in every draw; shape (draws,)."""
    size = counts.shape[1]
    sums = counts @ np.bincount(dense, weights=values, minlength=size)
    n = counts @ np.bincount(dense, weights=None if rows is None else rows.astype(np.float64), minlength=size)
    means: NDArray[np.float64] = sums / np.maximum(n, 1)
    return means
