"""What may follow on what in an experiment's life."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.bundle import Bundle
from core.errors import ExperimentError
from core.experiment import Decision, Experiment, Phase
from core.experiment_policy import ExperimentPolicy, Loss
from core.manifest import Metric
from core.tags import ModelTag
from deploy.experiments.life import begun, ended, read
from deploy.experiments.readout import Readout, Word
from deploy.experiments.sequential import Bounds, Effect
from tests.experiments import BEGAN, CHALLENGER, CHAMPION, make_experiment
from tests.factories import make_bundle

LATER = BEGAN + timedelta(days=3)
POLICY = ExperimentPolicy(loss=Loss.BRIER, margin=0.05)
RUNNING = Readout(
    word=Word.RUNNING,
    reasons=("Nobody knows.",),
    effect=Effect(value=0.01, variance=1.0),
    bounds=Bounds(low=-3, high=3),
)
BETTER = Readout(word=Word.CHALLENGER, reasons=("It loses less.", "Much."))


@pytest.fixture
def champion(tmp_path: Path) -> Bundle:
    return make_bundle(tmp_path / "champion", metrics={"brier": Metric(value=0.2), "accuracy": Metric(value=0.9)})


def begin(champion: Bundle, running: Experiment | None = None, share: float = 0.1, **changes: Any) -> Experiment:
    values: dict[str, Any] = {"challenger": CHALLENGER, "policy": POLICY, "now": LATER}
    return begun(running, champion, share=share, **(values | changes))


def test_one_begins_with_what_judges_it(champion: Bundle) -> None:
    found = begin(champion)
    assert found == Experiment(
        champion=CHAMPION,
        challenger=CHALLENGER,
        policy=POLICY,
        champion_loss=0.2,
        phases=(Phase(share=0.1, since=LATER),),
    )
    over = make_experiment(ended=LATER)
    assert begin(champion, over) == found


def test_a_larger_share_is_a_new_phase_and_what_judges_it_stays(champion: Bundle) -> None:
    running = make_experiment(share=0.1)
    found = begin(champion, running, share=0.5)
    assert found.phases == (Phase(share=0.1, since=BEGAN), Phase(share=0.5, since=LATER))
    assert (found.policy, found.began) == (running.policy, BEGAN)
    assert begin(champion, running, share=0.1) == running


@pytest.mark.parametrize(
    ("running", "changes", "words"),
    [
        (None, {"challenger": CHAMPION}, "model-v1.0.0 serves already"),
        (make_experiment(share=0.5), {}, "has 50% of the subjects and would lose some"),
        (make_experiment(), {"challenger": ModelTag(1, 2, 0)}, "model-v1.1.0 is being tried"),
        (
            make_experiment(decided=Decision(at=LATER, word="broken", reason="")),
            {"share": 0.9},
            "it is decided: broken",
        ),
        (None, {"policy": ExperimentPolicy(loss=Loss.LOG_LOSS)}, "does not say what it loses on its holdout"),
    ],
    ids=["itself", "smaller", "another", "decided", "no figure"],
)
def test_what_cannot_begin_is_refused(
    champion: Bundle, running: Experiment | None, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(ExperimentError, match=words):
        begin(champion, running, **changes)


def test_a_day_has_one_reading() -> None:
    first = read(make_experiment(), RUNNING, LATER)
    second = read(first, RUNNING, LATER + timedelta(hours=2))
    third = read(second, RUNNING, LATER + timedelta(days=1))
    assert [reading.at for reading in third.readings] == [LATER + timedelta(hours=2), LATER + timedelta(days=1)]
    assert (third.readings[0].value, third.readings[0].low, third.readings[0].high) == (0.01, -3, 3)
    assert third.decided is None


def test_the_first_decision_stands() -> None:
    found = read(read(make_experiment(), BETTER, LATER), RUNNING, LATER + timedelta(days=1))
    assert found.decided == Decision(at=LATER, word="challenger better", reason="It loses less. Much.")
    assert [reading.word for reading in found.readings] == ["challenger better", "running"]


def test_an_end_is_the_first_one() -> None:
    over = ended(make_experiment(), LATER, reason="by hand")
    assert (over.ended, over.share) == (LATER, 0.0)
    assert over.decided == Decision(at=LATER, word="stopped", reason="by hand")
    again = ended(over, LATER + timedelta(days=1), reason="again")
    assert again == over
    decided = ended(read(make_experiment(), BETTER, BEGAN), LATER, reason="by hand")
    assert decided.decided is not None
    assert decided.decided.word == "challenger better"
