"""What the lines of a journal come to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import numpy as np
import pytest

from core.contract import Task
from core.experiment import Experiment, Phase
from core.experiment_policy import ExperimentPolicy, Loss
from deploy.experiments.gathering import Gatherer, Line
from deploy.experiments.mismatch import Split
from deploy.experiments.readout import Evidence
from tests.experiments import BEGAN, CHALLENGER, CHAMPION, make_experiment
from tests.factories import TARGETS

NOON = BEGAN + timedelta(hours=6)
_CURSORS = count(1)


def line(subject: str | None = "ada", *, challenger: bool = False, **changes: Any) -> Line:
    """A row about somebody, answered by its arm with a score of 0.7; what happened was likely."""
    values: dict[str, Any] = {
        "cursor": next(_CURSORS),
        "at": NOON,
        "tag": str(CHALLENGER if challenger else CHAMPION),
        "arm": "challenger" if challenger else "champion",
        "subject": subject,
        "latency_ms": 2.0,
        "inputs": {"city": "Oslo"},
        "label": "yes",
        "score": 0.7,
        "outcome": "yes",
    }
    return Line(**(values | changes))


def gathered(lines: Iterable[Line], experiment: Experiment | None = None, at: datetime = NOON) -> Evidence:
    gatherer = Gatherer(experiment or make_experiment(), TARGETS[Task.BINARY])
    gatherer.add(lines)
    return gatherer.evidence(at)


def test_rows_and_losses_are_added_up_by_subject() -> None:
    found = gathered(
        [line("ada"), line("bob", challenger=True), line("ada", outcome="no"), line("bob", challenger=True)]
    )
    assert found.days == 0.25
    assert found.units.is_challenger.tolist() == [False, True]
    assert found.units.rows.tolist() == [2, 2]
    assert found.units.loss.tolist() == pytest.approx([0.3**2 + 0.7**2, 2 * 0.3**2])
    assert found.splits == (Split(share=0.5, champion=1, challenger=1),)
    assert (found.challenged, dict(found.fallbacks), found.astray) == (2, {}, ())


def test_rows_without_an_outcome_tell_of_subjects_only() -> None:
    found = gathered([line("ada", outcome=None), line("bob", challenger=True, outcome=None)])
    assert found.units.rows.tolist() == [0, 0]
    assert found.splits == (Split(share=0.5, champion=1, challenger=1),)
    assert found.challenged == 1


def test_what_the_champion_answered_in_its_place_stays_the_challenger_s() -> None:
    rows = [line("bob", challenger=True, tag=str(CHAMPION), fallback=why) for why in ("slow", "slow", "failed")]
    found = gathered([line("ada"), *rows])
    assert found.units.rows.tolist() == [1, 3]
    assert (found.challenged, found.fallbacks, found.astray) == (3, {"slow": 2, "failed": 1}, ())


@pytest.mark.parametrize(
    "row",
    [
        line(None),
        line(at=BEGAN - timedelta(seconds=1)),
        line(at=BEGAN + timedelta(seconds=59)),
        line(at=BEGAN + timedelta(days=2)),
    ],
    ids=["nobody", "before", "while it was not settled", "after its end"],
)
def test_rows_that_are_not_of_the_experiment_are_left_out(row: Line) -> None:
    found = gathered([row], make_experiment(ended=BEGAN + timedelta(days=2)))
    assert len(found.units) == 0
    assert found.splits == (Split(share=0.5, champion=0, challenger=0),)
    assert found.astray == ()


def test_rows_without_a_subject_are_counted() -> None:
    gatherer = Gatherer(make_experiment(), TARGETS[Task.BINARY])
    gatherer.add([line(None), line(), line(None)])
    assert gatherer.nameless == 2


def test_a_subject_counts_as_new_in_its_first_phase_only() -> None:
    grown = make_experiment(phases=(Phase(share=0.1, since=BEGAN), Phase(share=0.5, since=BEGAN + timedelta(days=1))))
    later = NOON + timedelta(days=1)
    found = gathered(
        [
            line("ada"),
            line("bob", challenger=True),
            line("cleo", at=BEGAN),
            # Moved when the share grew.
            line("ada", challenger=True, at=later),
            line("bob", challenger=True, at=later),
            line("cleo", at=later),
            line("dan", at=later),
        ],
        grown,
    )
    assert found.splits == (
        Split(share=0.1, champion=1, challenger=1),
        Split(share=0.5, champion=1, challenger=0),
    )
    assert found.units.phase.tolist() == [0, 0, 1, 1, 1, 1]
    assert found.units.subject.tolist() == [0, 1, 0, 1, 2, 3]
    assert found.astray == ()


def test_segments_are_those_of_the_policy() -> None:
    policy = ExperimentPolicy(loss=Loss.BRIER, segments=("city",))
    found = gathered(
        [
            line("ada"),
            line("bob", inputs={"city": "Rome"}),
            line("cleo", inputs={"city": None}),
            line("dan", inputs={}),
        ],
        make_experiment(policy=policy),
    )
    assert {place: units.rows.tolist() for place, units in found.segments.items()} == {
        ("city", "Oslo"): [1],
        ("city", "Rome"): [1],
    }


def test_latency_is_that_of_requests_for_one_row() -> None:
    batch = [line("eve", cursor=10**9, latency_ms=900.0) for _ in range(3)]
    alone = [line(latency_ms=float(number)) for number in range(1, 101)]
    found = gathered([*alone, *batch, line("bob", challenger=True, latency_ms=7.0)])
    assert found.latency is not None
    champion, challenger = found.latency
    assert champion.rows == 100
    assert champion.p99_ms == pytest.approx(np.percentile(np.arange(1, 101), 99))
    assert (challenger.rows, challenger.p99_ms) == (1, 7.0)


def test_rows_of_other_tags_break_it() -> None:
    found = gathered([line(), line(tag="model-v3.0.0"), line(tag="model-v3.0.0"), line(tag=str(CHALLENGER))])
    (sentence,) = found.astray
    assert sentence.startswith(
        "3 of 4 rows were answered by another tag than the experiment's, 2 of them by model-v3.0.0"
    )
    assert found.units.rows.tolist() == [1]
    assert gathered([*(line() for _ in range(2_000)), line(tag="model-v3.0.0")]).astray == ()


def test_subjects_of_both_arms_break_it_and_are_left_out() -> None:
    found = gathered([line("ada"), line("ada", challenger=True), line("bob")])
    (sentence,) = found.astray
    assert sentence.startswith("1 of 2 subjects were answered by both arms while the share stayed the same")
    assert found.units.subject.tolist() == [1]
