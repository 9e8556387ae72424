"""Features that give the outcome away."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from core.contract import CategoricalFeature, Contract, NumericFeature, Target, Task
from core.errors import DatasetError
from ml.adopt.decide import decide
from ml.adopt.decisions import Wishes
from ml.adopt.leaks import Evidence, measure, without_leaks
from ml.dataset import Dataset, RawData, fit_to_contract
from tests.unit.ml.adopt.factories import YES_NO, numbers, table

_ROWS = 1200
TARGETS = {
    Task.BINARY: Target(name="y", task=Task.BINARY, classes=("0", "1")),
    Task.MULTICLASS: Target(name="y", task=Task.MULTICLASS, classes=("0", "1", "2")),
    Task.REGRESSION: Target(name="y", task=Task.REGRESSION),
}


def _data(task: Task) -> tuple[Dataset, Contract]:
    """A leak, a strong feature, noise, a text that is the outcome in other words, and one missing with an outcome."""
    random = np.random.default_rng(3)
    outcome = random.integers(0, 2 if task is Task.BINARY else 3, _ROWS).astype(float)
    if task is Task.REGRESSION:
        outcome = random.normal(size=_ROWS).round(4)
        outcome[:100] = 0.0
    gone = pl.Series(outcome == 0)
    frame = pl.DataFrame(
        {
            "leak": 3 * outcome + random.normal(0, 0.02, _ROWS),
            "strong": outcome + random.normal(0, 0.6, _ROWS),
            "noise": random.normal(size=_ROWS),
            "word": np.array(["low", "mid", "top"])[np.digitize(outcome, [0.5, 1.5])],
            "absent": pl.Series(random.normal(size=_ROWS)).set(gone, None),
            "there": pl.Series(random.normal(size=_ROWS)).set(~gone, None),
            "y": outcome if task is Task.REGRESSION else outcome.astype(int),
        }
    )
    ranges = {"low": -100.0, "high": 100.0, "nullable": True}
    features = [NumericFeature(name=name, **ranges) for name in ("leak", "strong", "noise", "absent", "there")]  # type: ignore[arg-type]
    words = CategoricalFeature(name="word", categories=("low", "mid", "top"))
    contract = Contract(features=(*features, words), target=TARGETS[task])
    raw = RawData(frame=frame, sha256="1" * 64, source="a.csv")
    return fit_to_contract(raw, contract, time_column=None, max_faulty_share=0.0), contract


@pytest.mark.parametrize("task", list(Task))
def test_each_feature_alone_is_measured_on_rows_it_was_not_fitted_on(task: Task) -> None:
    evidence = measure(*_data(task))
    assert evidence.strengths["leak"] > 0.98
    assert evidence.strengths["strong"] < 0.95
    assert evidence.strengths["noise"] < 0.6
    other = (
        "is missing exactly in the rows whose outcome is '1'" if task is Task.BINARY else "has a value exactly in the"
    )
    assert evidence.given_away["absent"] == "It is missing exactly in the rows whose outcome is '0'."
    assert evidence.given_away["there"].startswith(f"It {other}")
    assert len(evidence.given_away) == 2


@pytest.mark.parametrize("task", [Task.BINARY, Task.MULTICLASS])
def test_a_text_that_is_the_outcome_in_other_words_is_found(task: Task) -> None:
    assert measure(*_data(task)).strengths["word"] == pytest.approx(1.0)


def test_the_same_sample_gives_the_same_evidence() -> None:
    assert measure(*_data(Task.BINARY)) == measure(*_data(Task.BINARY))


def _without(evidence: Evidence, *keep: str) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    profile = table(numbers("a", 0, 9), numbers("b", 0, 9), YES_NO)
    decisions = without_leaks(decide(profile, Wishes(target="left")), evidence, keep, "a.csv")
    leaks = {each.name: each.reason for each in decisions.left_out if each.is_leak}
    return decisions.contract.names, tuple(leaks), " ".join([*leaks.values(), *decisions.remarks])


def test_a_likely_leak_is_left_out_with_the_evidence() -> None:
    names, leaks, said = _without(Evidence(strengths={"a": 0.997, "b": 0.6}, given_away={}))
    assert (names, leaks) == (("b",), ("a",))
    assert "'a' was left out as a likely leak" in said
    assert "Alone it nearly gives the outcome: AUC 0.997 on rows it was not fitted on" in said


def test_what_is_missing_with_one_outcome_is_left_out() -> None:
    names, leaks, said = _without(
        Evidence(
            strengths={"a": 0.7, "b": 0.6},
            given_away={"a": "It is missing exactly in the rows whose outcome is 'yes'."},
        )
    )
    assert (names, leaks) == (("b",), ("a",))
    assert "missing exactly in the rows whose outcome is 'yes'" in said


def test_a_leak_that_is_to_be_kept_stays_and_is_said() -> None:
    names, leaks, said = _without(Evidence(strengths={"a": 0.997, "b": 0.6}, given_away={}), "a")
    assert (names, leaks) == (("a", "b"), ())
    assert "'a' was kept by --keep. Alone it nearly gives the outcome" in said


def test_a_strong_feature_stays_and_is_said() -> None:
    names, _, said = _without(Evidence(strengths={"a": 0.96, "b": 0.6}, given_away={}))
    assert names == ("a", "b")
    assert "'a' alone reaches AUC 0.96" in said


def test_a_table_of_nothing_but_leaks_is_refused() -> None:
    with pytest.raises(DatasetError, match="every column alone gives 'left' away"):
        _without(Evidence(strengths={"a": 1.0, "b": 1.0}, given_away={}))
