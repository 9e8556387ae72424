"""The search for hyperparameters: bounded, repeatable, and told on as it goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from core.contract import Target, Task
from ml.members import HIST_BOOSTING, NETWORK, XGBOOST, build_member
from ml.search import MAX_ROUNDS, MAX_TREES, NETWORK_UNITS, FoundParameters, _inner_split, max_rounds, search_parameters
from tests.factories import make_contract
from tests.unit.ml.factories import make_dataset

# The network is trained for a fixed number of epochs on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Fits of this size spend their time waiting for a second thread wherever other work is going on."""
    with threadpool_limits(limits=1):
        yield


def _search(
    task: Task = Task.BINARY, *, trials: int = 1, seed: int = 0, timed: bool = True
) -> tuple[FoundParameters, list[str]]:
    told: list[str] = []
    found = search_parameters(
        make_dataset(task, timed=timed), make_contract(task), trials=trials, seed=seed, on_trial=told.append
    )
    return found, told


@pytest.mark.parametrize("task", Task)
def test_what_is_found_builds_every_member(task: Task) -> None:
    found, _ = _search(task)
    assert set(found) == {XGBOOST, HIST_BOOSTING, NETWORK}
    for name, parameters in found.items():
        contract = make_contract(task)
        matrix = np.zeros((400, len(contract.features)), dtype=np.float32)
        build_member(name, parameters, contract, matrix=matrix, seed=0)


@pytest.mark.parametrize("trials", [1, 2])
def test_every_trial_of_every_member_is_told(trials: int) -> None:
    _, told = _search(trials=trials)
    assert told == [
        *(f"{name}: {number} of {trials}" for name in (XGBOOST, HIST_BOOSTING) for number in range(1, trials + 1)),
        *(f"{NETWORK}: {number} of {len(NETWORK_UNITS)}" for number in range(1, len(NETWORK_UNITS) + 1)),
    ]


@pytest.mark.parametrize("timed", [True, False], ids=["by time", "at random"])
def test_equal_seeds_find_equal_parameters(timed: bool) -> None:
    assert _search(seed=4, timed=timed)[0] == _search(seed=4, timed=timed)[0]


def test_another_seed_looks_elsewhere() -> None:
    assert _search(seed=4)[0] != _search(seed=5)[0]


def test_trees_stop_early_and_never_exceed_the_limit() -> None:
    found, _ = _search()
    assert 1 <= int(found[XGBOOST]["n_estimators"]) <= MAX_ROUNDS
    assert 1 <= int(found[HIST_BOOSTING]["max_iter"]) <= MAX_ROUNDS


@pytest.mark.parametrize(
    ("classes", "rounds"), [(2, MAX_ROUNDS), (26, MAX_TREES // 26), (MAX_TREES + 1, 1)], ids=["few", "many", "too many"]
)
def test_many_classes_get_fewer_rounds_as_each_takes_a_tree(classes: int, rounds: int) -> None:
    names = tuple(f"class {number}" for number in range(classes))
    contract = replace(make_contract(), target=Target(name="plan", task=Task.MULTICLASS, classes=names))
    assert max_rounds(contract) == rounds


def test_a_network_is_as_wide_as_what_it_learns_asks_for() -> None:
    narrow, wide = (_search(task)[0][NETWORK]["hidden_units"] for task in (Task.BINARY, Task.REGRESSION))
    assert {narrow, wide} <= set(NETWORK_UNITS)


def test_parameters_have_six_digits_at_most() -> None:
    found, _ = _search()
    for parameters in found.values():
        for value in parameters.values():
            assert not isinstance(value, float) or value == float(f"{value:.6g}")


def test_rows_in_time_are_judged_on_the_newest() -> None:
    data = make_dataset()
    head, tail = _inner_split(data, Task.BINARY, 0)
    assert head.times is not None
    assert tail.times is not None
    assert head.times.max() < tail.times.min()  # type: ignore[operator]  # times have an order
    assert len(tail) == 80


def test_rows_without_times_are_judged_on_random_ones() -> None:
    data = make_dataset(timed=False)
    head, tail = _inner_split(data, Task.BINARY, 0)
    assert len(head) + len(tail) in {400, 401}
    assert not np.array_equal(tail.matrix, data.matrix[-80:], equal_nan=True)


def test_a_class_of_the_newest_rows_only_is_fitted_on_too() -> None:
    data = make_dataset(Task.MULTICLASS)
    target = np.where(np.arange(len(data)) < 380, data.target % 2, 2.0)
    data.target[:] = target
    head, _ = _inner_split(data, Task.MULTICLASS, 0)
    assert np.unique(head.target).tolist() == [0, 1, 2]


def test_a_column_that_older_rows_never_filled_does_not_stop_the_search() -> None:
    data = make_dataset()
    data.matrix[:350, 0] = np.nan
    found = search_parameters(data, make_contract(), trials=1, seed=0, on_trial=lambda _: None)
    assert HIST_BOOSTING in found
