"""Which rows green and blue are compared on, and how long they take for one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle, islice

import numpy as np

from core.bundle import Bundle
from core.contract import Row
from core.errors import ServiceError
from core.service import Service
from deploy.evidence import Evidence, Verdict
from deploy.judging.asking import Asked, Single
from deploy.judging.comparison import judge_latency
from deploy.judging.journal import newest, rows_of
from deploy.judging.policy import Policy

_TRIES = 3


def rows_for(bundle: Bundle, public: Service | None, policy: Policy) -> tuple[list[Row], Evidence]:
    """
    The newest rows that the public service answered; with few of them the golden rows too.

    Args:
        bundle: Of green.
        public: What the public asks; None if nothing does.
        policy: How many.
    """
    golden: list[Row] = [dict(golden.row) for golden in bundle.golden().rows]
    if public is None:
        return golden, _replayed(f"{len(golden)} golden rows, as nothing serves yet")
    try:
        major = bundle.manifest.tag.major
        lines = newest(public, policy.replay_rows, lambda line: line.tag.startswith(f"model-v{major}."))
    except ServiceError as error:
        return golden, _replayed(f"{len(golden)} golden rows, as the journal cannot be read ({error})")
    rows = rows_of(lines, bundle.contract)
    kept = f"{len(rows)} rows of the journal"
    if len(rows) < len(lines):
        kept += f", {len(lines) - len(rows)} more are not whole (JOURNAL_DROP, JOURNAL_REDACT)"
    if len(rows) >= policy.least_replayed:
        return rows, _replayed(kept)
    return rows + golden, _replayed(f"{kept}, and {len(golden)} golden rows")


def _replayed(found: str) -> Evidence:
    return Evidence(name="replay", found=found, allowed="any rows", is_breach=False)


def time_both(green: Asked, blue: Asked | None, rows: Sequence[Row], policy: Policy) -> Verdict:
    """
    Send single rows to both in turn, and compare their time; what is too slow must be so three times.

    Args:
        green: The one.
        blue: The other; None if there is none to compare with.
        rows: At least one.
        policy: How many, and what is too slow.
    """
    verdict = _time(green, blue, rows, policy)
    for _ in range(_TRIES - 1):
        if not verdict.breaches:
            break
        verdict = _time(green, blue, rows, policy)
    return verdict


def _time(green: Asked, blue: Asked | None, rows: Sequence[Row], policy: Policy) -> Verdict:
    # The first request opens the connection.
    ours, theirs = [green.one(rows[0])], [blue.one(rows[0])] if blue else []
    for row in islice(cycle(rows), policy.timed):
        ours.append(green.one(row))
        if blue:
            theirs.append(blue.one(row))
    bad = [answer for answer in ours if answer.problem]
    if bad:
        said = f"{len(bad)} of {len(ours)} unanswered ({bad[0].problem})"
        return Verdict(evidence=(Evidence(name="single rows", found=said, allowed="all answered", is_breach=True),))
    return judge_latency(_times(ours), _times(theirs), factor=policy.factor, slack_ms=policy.slack_ms)


def _times(answers: Sequence[Single]) -> np.ndarray:
    return np.array([answer.took_ms for answer in answers[1:] if not answer.problem], dtype=np.float64)
