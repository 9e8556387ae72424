"""Bad models, deployed by the command line on one host: none stays, and callers are served by the one before."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from core.registry import DirectoryRegistry
from core.tags import ModelTag
from deploy.platforms.slots import Colour
from doubles.github import GitHub
from tests.bad_models import (
    publish_good,
    publish_skewed,
    publish_slow,
    publish_slow_above,
    publish_unloadable,
    publish_wrong_golden,
)
from tests.factories import make_bundle
from tests.fragile import publish_fragile
from tests.github import REPOSITORY, Caller
from tests.one_host import Host, one_host, wait_for
from tests.operating import Callers, Done, Operator

pytestmark = pytest.mark.slow

LARGE_AGE, LARGE_AGES = 100.0, tuple(range(101, 120))
GOOD, WRONG, UNLOADABLE, SLOW, SKEWED, FRAGILE, TIRING, BETTER = (ModelTag(1, minor, 0) for minor in range(8))
# It ends as soon as something is found.
WATCHED_S = "40"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A host on which the good model serves."""
    folder = tmp_path_factory.mktemp("host")
    registry = DirectoryRegistry(folder / "registry")
    publish_good(registry, str(GOOD))
    publish_good(registry, str(BETTER), slope=0.0202)
    publish_wrong_golden(registry, str(WRONG))
    publish_unloadable(registry, str(UNLOADABLE))
    publish_slow(registry, str(SLOW), layers=150)
    publish_skewed(registry, str(SKEWED))
    publish_fragile(registry, make_bundle(folder / "original"), FRAGILE, feature="age", above=LARGE_AGE)
    publish_slow_above(registry, str(TIRING), above=LARGE_AGE)
    with one_host(folder, folder / "registry") as host:
        Operator(host=host).up(GOOD)
        yield host


@pytest.fixture
def operator(host: Host, github: GitHub) -> Operator:
    """Who is told what went wrong in GitHub's issues."""
    variables = {
        "DEPLOY_ALERTS": f"github:{REPOSITORY}",
        "GITHUB_API_URL": github.api_url,
        "GITHUB_SERVER_URL": github.server_url,
        "GITHUB_TOKEN": github.token(issues="write"),
    }
    return Operator(host=host, variables=variables)


@pytest.fixture
def callers(host: Host) -> Iterator[Callers]:
    """Who ask all the while, and were answered a few times before anything is begun."""
    with Callers(host.settings.url).asking() as callers:
        callers.wait_for_more(20)
        yield callers


def _is_stopped(operator: Operator, callers: Callers, done: Done, problem: str) -> None:
    assert (done.status, done.error.count("error: ")) == (1, 1), done
    assert re.match(f"error: .*{problem}", done.error), done.error
    assert (callers.failed, callers.tags) == ([], [str(GOOD)])
    assert operator.history()[-1].tag == GOOD
    assert operator.is_tidy()


@pytest.mark.parametrize(
    ("tag", "problem"),
    [
        (WRONG, "golden"),
        (UNLOADABLE, "ONNX"),
        (SLOW, f"{SLOW} was stopped before the switch: .*latency.*; {GOOD} serves .* as before"),
        (SKEWED, f"{SKEWED} was stopped before the switch: .*score.*; {GOOD} serves .* as before"),
    ],
    ids=["wrong golden scores", "no graph", "slow", "skewed scores"],
)
def test_a_bad_model_is_stopped_before_the_switch(
    operator: Operator, callers: Callers, tag: ModelTag, problem: str
) -> None:
    before = operator.history()
    done = operator.run("up", str(tag))

    _is_stopped(operator, callers, done, problem)
    assert operator.history() == before


def test_a_model_that_crashes_as_it_starts_is_stopped(operator: Operator, callers: Callers) -> None:
    before = operator.history()
    mark = f"{_spare(operator.host)}.pid"
    with operator.begin("up", str(BETTER)) as command:
        wait_for(lambda: bool(operator.host.pids(mark)))
        operator.host.kill(mark)
        done = command.end()

    _is_stopped(operator, callers, done, "stopped before the switch: .*its process has ended")
    assert operator.history() == before


def _spare(host: Host) -> Colour:
    """The slot that does not serve."""
    return Colour(host.active.read_text()).other


def _watched(operator: Operator, tag: ModelTag, harm: Callable[[Colour], None]) -> Done:
    """A deployment to whose green something happens while it is watched."""
    green = _spare(operator.host)
    with operator.begin("up", str(tag), WATCH_S=WATCHED_S) as command:
        command.wait_until_it_says("  watch")
        harm(green)
        return command.end()


def _is_rolled_back(operator: Operator, done: Done, tag: ModelTag, problem: str) -> None:
    assert done.status == 1, done
    said = rf"error: {tag} was rolled back after \d+\.\d s: .*{problem}.*; {GOOD} serves production .* again\n"
    assert re.fullmatch(said, done.error), done.error
    good, green, again = operator.history()[-3:]
    assert (good.tag, green.tag, again.tag) == (GOOD, tag, GOOD)
    assert re.match(f"rolled back from {tag}: .*{problem}", again.reason)
    assert operator.is_tidy()


def _issue(owner: Caller) -> dict[str, Any]:
    (issue,) = owner.ask("GET", "issues", query={"state": "all"}).json()
    return dict(issue)


def _show(capsys: pytest.CaptureFixture[str], done: Done) -> None:
    with capsys.disabled():
        print(f"\n{done.error}", end="")  # noqa: T201  # the time in it is this test's result


def test_a_model_that_crashes_before_the_public_is_rolled_back_and_loses_at_most_what_it_had_in_hand(
    operator: Operator, callers: Callers, owner: Caller, capsys: pytest.CaptureFixture[str]
) -> None:
    def crash(green: Colour) -> None:
        with callers.between_two():
            operator.host.kill(f"{green}.pid")

    done = _watched(operator, BETTER, crash)
    callers.wait_for_more(5)

    _is_rolled_back(operator, done, BETTER, f"tag: {GOOD} answers")
    # One that came while the dying process still listened; nobody knows whether it was done.
    assert [status for status, _ in callers.failed] in ([], [502])
    assert set(callers.tags) <= {str(GOOD), str(BETTER)}
    assert (_issue(owner)["state"], f"{GOOD} answers" in _issue(owner)["body"]) == ("open", True)
    _show(capsys, done)


def test_a_model_that_fails_on_rows_that_come_later_is_rolled_back_and_its_issue_closed_by_a_good_one(
    operator: Operator, callers: Callers, owner: Caller, capsys: pytest.CaptureFixture[str]
) -> None:
    done = _watched(operator, FRAGILE, lambda _: callers.send(LARGE_AGES))
    before = len(callers.answers)
    callers.wait_for_more(5)

    _is_rolled_back(operator, done, FRAGILE, "errors: ")
    assert {status for status, _ in callers.failed} == {500}
    assert set(callers.answers[before + 1 :]) == {(200, str(GOOD))}
    issue = _issue(owner)
    assert (issue["state"], issue["title"]) == ("open", f"{FRAGILE} does not serve production: rolled back")
    assert re.search(r"\| watch \| errors \| \d+ of \d+ requests failed", issue["body"])
    _show(capsys, done)

    operator.up(BETTER)
    assert _issue(owner)["state"] == "closed"
    assert operator.run("rollback").status == 0
    assert (operator.host.served(), operator.is_tidy()) == (str(GOOD), True)


def test_a_model_that_is_slow_on_rows_that_come_later_is_rolled_back(
    operator: Operator, callers: Callers, capsys: pytest.CaptureFixture[str]
) -> None:
    done = _watched(operator, TIRING, lambda _: callers.send(LARGE_AGES))

    _is_rolled_back(operator, done, TIRING, "latency")
    assert callers.failed == []
    _show(capsys, done)
