"""The metrics of an experiment."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec.structs import replace

from app.metrics.experiment import gauges_of_experiment
from core.contract import Task
from core.experiment import Experiment, Phase, Reading
from core.experiment_policy import default_policy
from core.tags import ModelTag

NOW = datetime(2026, 11, 26, tzinfo=UTC)
RUNNING = Experiment(
    champion=ModelTag(1, 0, 0),
    challenger=ModelTag(1, 1, 0),
    policy=default_policy(Task.BINARY),
    champion_loss=0.2,
    phases=(Phase(share=0.25, since=NOW),),
)


def values(experiment: Experiment | None) -> dict[str, float]:
    gauges = gauges_of_experiment(experiment)
    return {sample.name.removeprefix("slipway_experiment_"): sample.value for each in gauges for sample in each.samples}


def test_without_one_there_is_only_that_none_runs() -> None:
    assert values(None) == {"running": 0, "share": 0}


def test_before_the_first_reading_nothing_is_known_of_the_gain() -> None:
    assert values(RUNNING) == {"running": 1, "share": 0.25, "last_readout_timestamp_seconds": 0}


def test_the_last_reading_gives_the_gain_as_far_as_it_is_known() -> None:
    empty = Reading(at=NOW, word="running")
    known = Reading(at=NOW, word="running", value=0.01, low=-0.02, high=0.04)

    assert "gain" not in values(replace(RUNNING, readings=(known, empty)))
    found = values(replace(RUNNING, readings=(empty, known)))
    assert (found["gain"], found["gain_low"], found["gain_high"]) == (0.01, -0.02, 0.04)
    assert found["last_readout_timestamp_seconds"] == NOW.timestamp()


def test_one_that_has_ended_has_no_share() -> None:
    found = values(replace(RUNNING, ended=NOW))
    assert (found["running"], found["share"]) == (0, 0)
