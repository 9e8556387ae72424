"""What was seen since a switch, and whether it speaks against the model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from core.contract import Task
from core.tags import ModelTag
from deploy.evidence import Evidence, Verdict
from deploy.judging.comparison import Numbers, Side, distance_beyond_chance, judge_latency, judge_scores
from deploy.judging.policy import Policy

# Of a normal distribution, for 95 % on both sides.
_Z: Final = 1.96
# A key that is refused, or a rate that is used up, is the judge's trouble and not the callers'.
_ANSWERED: Final = frozenset({200, 401, 403, 429})


@dataclass(frozen=True, kw_only=True, slots=True)
class Probe:
    """One row that was sent to the public address; status 0 if nothing came."""

    status: int
    tag: str
    took_ms: float
    problem: str = ""

    @property
    def has_failed(self) -> bool:
        """Whether a caller would have got nothing."""
        return self.status not in _ANSWERED


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """Requests that an instance answered since it began, and how many of them with 5xx."""

    requests: int = 0
    errors: int = 0

    @property
    def bounds(self) -> tuple[float, float]:
        """
        The 95 % interval of the share of errors; 0 to 1 for no requests.

        Source:
            Wilson, "Probable inference, the law of succession, and statistical inference" (1927).
        """
        if not self.requests:
            return 0.0, 1.0
        n, share = self.requests, self.errors / self.requests
        middle = share + _Z**2 / (2 * n)
        half = _Z * math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
        return max(0.0, (middle - half) / (1 + _Z**2 / n)), min(1.0, (middle + half) / (1 + _Z**2 / n))


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """
    Rows of the journal of one tag.

    Attributes:
        rows: How many.
        single_ms: What its requests for one row took, newest last.
        scores: Shape (n, score columns).
    """

    rows: int
    single_ms: Numbers
    scores: Numbers


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """
    What was seen since the switch.

    Attributes:
        green: The tag that should answer.
        blue: The tag that may answer until it has settled; empty if there is none.
        task: What the scores are.
        has_settled: Whether blue may answer no more.
        probes: Oldest first.
        tally: Of the instance of green that did worst; of none where metrics cannot be read.
        tally_before: Of blue, before the switch.
        after: Green's rows since the switch.
        before: Blue's newest rows.
        same_rows: Green's answers to rows since the switch, and blue's bundle's to the same; None without such rows.
        was_slow: Whether the look before found green slow.
        notes: What could not be looked at, and why.
    """

    green: str
    blue: str
    task: Task
    has_settled: bool
    probes: tuple[Probe, ...]
    tally: Tally
    tally_before: Tally
    after: Seen
    before: Seen
    same_rows: tuple[Side, Side] | None
    was_slow: bool
    notes: tuple[Evidence, ...] = ()


def judge_watch(figures: Figures, policy: Policy) -> Verdict:
    """
    What the figures say; too few of them speak neither for nor against.

    Args:
        figures: As seen until now.
        policy: What is too far.
    """
    verdict = Verdict(evidence=(_alive(figures.probes, policy), _tag(figures), _errors(figures, policy)))
    return verdict + _latency(figures, policy) + _scores(figures, policy) + Verdict(evidence=figures.notes)


def _alive(probes: Sequence[Probe], policy: Policy) -> Evidence:
    failed = sum(probe.has_failed for probe in probes)
    row = 0
    for probe in reversed(probes):
        if not probe.has_failed:
            break
        row += 1
    said = f" ({probes[-1].problem})" if probes[-1].problem else ""
    return Evidence(
        name="probes",
        found=f"{failed} of {len(probes)} failed, the last {row} in a row{said}",
        allowed=f"fewer than {policy.failing_probes} in a row",
        is_breach=row >= policy.failing_probes,
    )


def _tag(figures: Figures) -> Evidence:
    answered = [probe.tag for probe in figures.probes if probe.tag]
    last = answered[-1] if answered else ""
    may = {figures.green} if figures.has_settled else {figures.green, figures.blue} - {""}
    return Evidence(
        name="tag",
        found=f"{last or 'no tag'} answers",
        allowed=" or ".join(sorted(may)),
        is_breach=bool(last) and last not in may,
    )


def _errors(figures: Figures, policy: Policy) -> Evidence:
    tally = figures.tally
    most = policy.error_share
    if figures.tally_before.errors:
        # Of a blue that never failed few requests are no leave to fail: their interval is wide.
        most = max(most, figures.tally_before.bounds[1])
    low, high = tally.bounds
    return Evidence(
        name="errors",
        found=f"{tally.errors} of {tally.requests} requests failed"
        + (f", {low:.1%} to {high:.1%}" * (tally.errors > 0)),
        allowed=f"up to {most:.1%}",
        is_breach=tally.errors >= policy.least_errors and low > most,
    )


def is_slow(figures: Figures, policy: Policy) -> bool:
    """Whether green takes too long by its rows since the switch."""
    return bool(_timed(figures, policy).breaches)


def _timed(figures: Figures, policy: Policy) -> Verdict:
    after, before = figures.after.single_ms, figures.before.single_ms
    if min(len(after), len(before)) < policy.least_timed:
        return Verdict(evidence=())
    return judge_latency(after, before, factor=policy.factor, slack_ms=policy.watch_slack_ms)


def _latency(figures: Figures, policy: Policy) -> Verdict:
    found = _timed(figures, policy)
    if found.evidence:
        # A busy moment is not a slow model: what is slow must be so twice.
        return found if figures.was_slow else Verdict(evidence=tuple(map(_shown, found.evidence)))
    came, stood = len(figures.after.single_ms), len(figures.before.single_ms)
    return Verdict(
        evidence=(_note("latency", f"{came} requests for one row came, blue had {stood}", policy.least_timed),)
    )


def _scores(figures: Figures, policy: Policy) -> Verdict:
    if figures.same_rows is not None and len(figures.same_rows[0]) >= policy.least_scored:
        return judge_scores(*figures.same_rows, figures.task, policy)
    if figures.blue and ModelTag.parse(figures.blue).major != ModelTag.parse(figures.green).major:
        found = f"{figures.blue} has another contract, so that its scores are no measure"
        return Verdict(evidence=(Evidence(name="scores", found=found, allowed="any", is_breach=False),))
    after, before = (_finite(seen.scores) for seen in (figures.after, figures.before))
    if min(len(after), len(before)) < policy.least_scored_apart:
        said = f"{figures.after.rows} rows came, blue had {figures.before.rows}"
        return Verdict(evidence=(_note("scores", said, policy.least_scored),))
    beyond = max(distance_beyond_chance(after[:, column], before[:, column]) for column in range(after.shape[1]))
    apart = Evidence(
        name="score distribution",
        found=f"{beyond:.2f} beyond chance from blue's, on {len(after)} and {len(before)} different rows",
        allowed=f"at most {policy.distance_apart:g}",
        is_breach=beyond > policy.distance_apart,
    )
    return Verdict(evidence=(apart,))


def _finite(scores: Numbers) -> Numbers:
    return scores[np.isfinite(scores).all(axis=1)]


def _note(name: str, found: str, least: int) -> Evidence:
    return Evidence(
        name=name, found=f"{found}; judged by the replay before the switch", allowed=f"from {least} on", is_breach=False
    )


def _shown(evidence: Evidence) -> Evidence:
    return Evidence(name=evidence.name, found=evidence.found, allowed=evidence.allowed, is_breach=False)
