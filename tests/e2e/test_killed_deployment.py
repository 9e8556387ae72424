"""A deployment on one host, killed at every step, stopped by hand, and met by another: callers notice none of it."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator

import pytest

from core.ledger import Deployment
from core.registry import DirectoryRegistry
from core.tags import ModelTag
from deploy.machine import Step
from tests.bad_models import publish_good, publish_slow
from tests.killed_deployment import before_record
from tests.one_host import one_host
from tests.operating import Callers, Operator, is_within

pytestmark = pytest.mark.slow

A, B, SLOW, UNKNOWN = (ModelTag(1, minor, 0) for minor in range(4))
FORWARD = (
    Step.PREPARE,
    Step.START,
    Step.HEALTHY,
    Step.VERIFY,
    Step.SWITCH,
    before_record(Step.SWITCH),
    Step.CONFIRM,
    Step.WATCH,
    Step.RETIRE,
)
# What is written down at the switch cannot be read when green is confirmed, so that the way back is taken.
BACK = (Step.RETURN, before_record(Step.RETURN), Step.DISCARD)
LEDGER_IS_AWAY = str(Step.CONFIRM)


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    """Of a host on which one of two good models serves."""
    folder = tmp_path_factory.mktemp("host")
    registry = DirectoryRegistry(folder / "registry")
    publish_good(registry, str(A))
    publish_good(registry, str(B), slope=0.0202)
    # Whoever stops its verification by hand has seconds for it.
    publish_slow(registry, str(SLOW), layers=3000)
    with one_host(folder, folder / "registry") as host:
        operator = Operator(host=host, variables={"WATCH_S": "0", "REPLAY_ROWS": "50"})
        operator.up(A)
        yield operator


@pytest.fixture
def callers(operator: Operator) -> Iterator[Callers]:
    """Who ask all the while, and never get anything else than a model's answer."""
    with Callers(operator.host.settings.url).asking() as callers:
        callers.wait_for_more(1)
        yield callers
        callers.wait_for_more(5)
    assert callers.failed == []
    assert set(callers.tags) <= {str(A), str(B)}


def _other(tag: ModelTag) -> ModelTag:
    return B if tag == A else A


def _killed(operator: Operator, callers: Callers, moment: str, away_at: str = "") -> tuple[ModelTag, ModelTag]:
    """Blue and green of a deployment that killed itself."""
    blue = operator.history()[-1].tag
    green = _other(blue)
    killed = operator.run(str(green), moment, away_at, program="tests.killed_deployment")
    assert (killed.status, killed.error) == (-signal.SIGKILL, "")
    callers.wait_for_more(5)
    return blue, green


def _ends_well(operator: Operator, callers: Callers, last: ModelTag, before: list[Deployment]) -> None:
    operator.up(last)
    assert (operator.host.served(), operator.history()[-1].tag) == (str(last), last)
    assert operator.is_tidy()
    callers.wait_for_more(5)
    written = [str(entry.tag) for entry in operator.history()[len(before) - 1 :]]
    assert is_within(callers.tags, written), "the ledger tells what served, in order"


def test_every_step_is_killed() -> None:
    assert set(Step) <= {*FORWARD, *BACK}


@pytest.mark.parametrize("moment", FORWARD)
def test_a_deployment_that_is_killed_is_finished_by_the_same_command(
    operator: Operator, callers: Callers, moment: str
) -> None:
    before = operator.history()
    _, green = _killed(operator, callers, moment)
    _ends_well(operator, callers, green, before)


@pytest.mark.parametrize("moment", [before_record(Step.SWITCH)])
def test_a_deployment_that_is_killed_is_gone_back_from(operator: Operator, callers: Callers, moment: str) -> None:
    before = operator.history()
    blue, _ = _killed(operator, callers, moment)
    _ends_well(operator, callers, blue, before)


@pytest.mark.parametrize("moment", BACK)
def test_a_way_back_that_is_killed_is_finished(operator: Operator, callers: Callers, moment: str) -> None:
    before = operator.history()
    blue, _ = _killed(operator, callers, moment, LEDGER_IS_AWAY)
    _ends_well(operator, callers, blue, before)


def test_a_second_deployment_is_refused_and_the_first_unharmed(operator: Operator, callers: Callers) -> None:
    before = operator.history()
    blue, green = before[-1].tag, _other(before[-1].tag)
    with operator.begin("up", str(green), WATCH_S="4") as first:
        first.wait_until_it_says("  watch")
        second = operator.run("up", str(blue))
        done = first.end()

    holder = f"{green}: watch, since [0-9:]+ UTC, process {first.process.pid}"
    said = rf"error: another deployment to production runs \({holder}\); wait for its end, or stop that process\n"
    assert (second.status, done.status) == (1, 0)
    assert re.fullmatch(said, second.error), second.error
    _ends_well(operator, callers, green, before)
    assert [entry.tag for entry in operator.history()] == [*(entry.tag for entry in before), green]


def test_a_tag_that_does_not_exist_is_refused_and_nothing_is_begun(operator: Operator) -> None:
    before = operator.history()
    done = operator.run("up", str(UNKNOWN))
    assert (done.status, done.output) == (1, "")
    assert re.fullmatch(f"error: .*{UNKNOWN}.*\n", done.error)
    assert operator.history() == before
    assert operator.is_tidy()


def test_ctrl_c_before_the_switch_ends_green_and_blue_serves_on(operator: Operator, callers: Callers) -> None:
    before = operator.history()
    with operator.begin("up", str(SLOW)) as command:
        command.wait_until_it_says("  verify")
        command.process.send_signal(signal.SIGINT)
        done = command.end()

    said = f"error: {SLOW} was stopped before the switch: it was stopped by hand; {before[-1].tag} serves production "
    assert (done.status, done.error) == (1, f"{said}on this host as before\n")
    assert operator.history() == before
    assert operator.is_tidy()


def test_ctrl_c_while_it_is_watched_leaves_green_serving_and_says_how_to_go_on(
    operator: Operator, callers: Callers
) -> None:
    before = operator.history()
    blue, green = before[-1].tag, _other(before[-1].tag)
    with operator.begin("up", str(green), WATCH_S="600") as command:
        command.wait_until_it_says("  watch")
        command.process.send_signal(signal.SIGINT)
        done = command.end()

    assert done.status == 1
    assert done.error == (
        f"error: the deployment of {green} was stopped by hand at the step watch, and what serves was left as it is: "
        f"python -m deploy status says what that is, and python -m deploy up {green} goes on\n"
    )
    stands_by = f"{blue} stands by; a deployment was cut short while it was watched."
    assert operator.run("status").output.splitlines()[-1] == stands_by
    _ends_well(operator, callers, green, before)
