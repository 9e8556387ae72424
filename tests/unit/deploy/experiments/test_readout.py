"""Four words, and the reasons for each."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.experiment_policy import ExperimentPolicy, Loss
from deploy.experiments.mismatch import Split
from deploy.experiments.readout import Evidence, Latency, Readout, Word, judge
from deploy.experiments.units import Units

POLICY = ExperimentPolicy(loss=Loss.BRIER)
LOSS = 0.2


def units(gain: float = 0.0, subjects: int = 4_000, seed: int = 0) -> Units:
    """Half of the subjects in each arm, some five rows each; the challenger loses so much less a row."""
    random = np.random.default_rng(seed)
    is_challenger = np.arange(subjects) % 2 == 1
    rows = 1.0 + random.poisson(4, subjects).astype(np.float64)
    loss = rows * random.normal(LOSS, 0.1, subjects) - rows * gain * is_challenger
    return Units(
        phase=np.zeros(subjects, dtype=np.int64),
        subject=np.arange(subjects),
        is_challenger=is_challenger,
        rows=rows,
        loss=loss,
    )


def evidence(found: Units | None = None, **changes: Any) -> Evidence:
    found = units() if found is None else found
    challengers = int(found.is_challenger.sum())
    split = Split(share=0.5, champion=len(found) - challengers, challenger=challengers)
    return replace(Evidence(days=10, units=found, splits=(split,), challenged=20_000), **changes)


def judged(found: Evidence, **policy: Any) -> Readout:
    changed = ExperimentPolicy(**{name: getattr(POLICY, name) for name in POLICY.__struct_fields__} | policy)
    return judge(found, changed, champion_loss=LOSS)


def test_a_challenger_that_loses_less_is_better() -> None:
    found = judged(evidence(units(gain=0.03)))
    assert found.word is Word.CHALLENGER
    assert found.bounds is not None
    assert 0 < found.bounds.low < 0.03 < found.bounds.high
    assert found.reasons[0].startswith("It loses less by 0.03")


def test_one_that_loses_more_or_as_much_is_not() -> None:
    assert judged(evidence(units(gain=-0.03))).word is Word.CHAMPION
    equal = judged(evidence(units(subjects=400_000)))
    assert equal.word is Word.CHAMPION
    assert "0.004 would be worth a change" in equal.reasons[0]


def test_as_long_as_nobody_can_tell_it_runs() -> None:
    found = judged(evidence(units(subjects=1_000)))
    assert found.word is Word.RUNNING
    assert found.reasons[0].startswith("The gain lies between -")


def test_it_ends_with_the_champion_after_its_last_day() -> None:
    found = judged(evidence(units(subjects=1_000), days=60))
    assert found.word is Word.CHAMPION
    assert found.reasons[0].startswith("60 days have not shown that the challenger is better. The gain lies")


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (units(gain=0.15, subjects=150), "The champion has 75 subjects with an outcome of 100"),
        (units(gain=0.15, subjects=60), "The champion has 172 rows with an outcome of 1,000"),
        (units(gain=0.15, subjects=0), "The champion has 0 rows with an outcome of 1,000"),
    ],
    ids=["subjects", "rows", "nothing"],
)
def test_too_few_decide_nothing(found: Units, words: str) -> None:
    told = judged(evidence(found), min_rows=1_000 if len(found) < 100 else 50)
    assert told.word is Word.RUNNING
    assert told.reasons[0].startswith(words)


def test_subjects_that_went_astray_break_it() -> None:
    found = judged(evidence(units(gain=0.03), splits=(Split(share=0.5, champion=2_000, challenger=1_700),)))
    assert found.word is Word.BROKEN
    assert found.reasons[0].startswith("Of 3,700 subjects 1,700 fell to the challenger, 1,850 were expected (p = ")


def test_one_who_asks_too_much_breaks_it() -> None:
    found = units(gain=0.03)
    found.rows[1], found.loss[1] = 4_000, 400
    told = judged(evidence(found))
    assert told.word is Word.BROKEN
    assert told.reasons[0].startswith("One subject has 29 % of the ")
    assert "of the challenger, 20 % are allowed" in told.reasons[0]


def test_what_was_answered_by_the_wrong_arm_breaks_it() -> None:
    told = judged(evidence(units(gain=0.03), astray=("7 rows are of model-v9.0.0.",)))
    assert (told.word, told.reasons) == (Word.BROKEN, ("7 rows are of model-v9.0.0.",))


def test_a_challenger_that_fails_too_often_is_not_better() -> None:
    told = judged(evidence(units(gain=0.03), fallbacks={"slow": 150, "failed": 80}))
    assert told.word is Word.CHAMPION
    assert told.reasons[0] == (
        "The champion had to answer 230 of the challenger's 20,000 rows (80 failed, 150 slow); 1 % are allowed."
    )
    assert judged(evidence(units(gain=0.03), fallbacks={"slow": 150})).word is Word.CHALLENGER


def test_a_challenger_that_is_slow_is_not_better() -> None:
    slow = (Latency(rows=5_000, p99_ms=4.0), Latency(rows=5_000, p99_ms=9.0))
    told = judged(evidence(units(gain=0.03), latency=slow))
    assert told.word is Word.CHAMPION
    assert "is 9.0 ms, the champion's 4.0 ms; 2 times that is allowed." in told.reasons[0]
    few = (Latency(rows=5_000, p99_ms=4.0), Latency(rows=500, p99_ms=9.0))
    assert judged(evidence(units(gain=0.03), latency=few)).word is Word.CHALLENGER


def test_a_challenger_that_is_worse_somewhere_is_not_better() -> None:
    segments = {("city", "Oslo"): units(gain=-0.03, seed=1), ("city", "Rome"): units(gain=0.06, seed=2)}
    told = judged(evidence(units(gain=0.03), segments=segments))
    assert told.word is Word.CHAMPION
    assert told.reasons[0].startswith("Where city is 'Oslo' the challenger loses more, by 0.0")
    tiny = {("city", "Oslo"): units(gain=-0.03, subjects=150)}
    assert judged(evidence(units(gain=0.03), segments=tiny)).word is Word.CHALLENGER
