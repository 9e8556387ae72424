"""The judge over HTTP, asking real services: good models are let pass, and each kind of bad one is found."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from app import create_app
from app.journal import Journal
from app.keys import Scope, new_key
from app.settings import ServiceSettings
from core.contract import Task
from core.errors import ServiceError
from core.registry import DirectoryRegistry
from core.service import Service
from core.tags import ModelTag
from deploy.evidence import Verdict
from deploy.judging.http_judge import HttpJudge
from deploy.judging.metrics import scrape
from deploy.judging.policy import Policy
from deploy.judging.watching import Tally
from deploy.platform import Addresses
from tests.bad_models import publish_good, publish_skewed, publish_slow
from tests.busy_service import on_loopback
from tests.factories import make_bundle
from tests.fragile import publish_fragile
from tests.integration.test_gunicorn import serving
from tests.loopback import Answer, answering

BLUE, GREEN, SLOW, SKEWED, FRAGILE = (ModelTag(1, minor, 0) for minor in range(5))
OTHER = ModelTag(2, 0, 0)
CHECKER, CHECKER_ENTRY = new_key("checker", [Scope.PREDICT, Scope.ADMIN])
CALLER, CALLER_ENTRY = new_key("caller", [Scope.PREDICT])
# A busy machine makes nothing slower by this much.
QUICK = Policy(watch_s=2, interval_s=1, ready_s=3, timed=5, slack_ms=20, least_scored=50)


class Clock:
    """Time that passes by waiting for it."""

    def __init__(self) -> None:
        self.time_s = 0.0

    def now(self) -> float:
        return self.time_s

    def sleep(self, wait_s: float) -> None:
        self.time_s += wait_s


@contextmanager
def running(registry: DirectoryRegistry, folder: Path, tag: ModelTag, **variables: str) -> Iterator[str]:
    """The service in this process, on a port of the loopback."""
    settings = ServiceSettings.from_env({"MODEL_TAG": str(tag), "JOURNAL_DIR": str(folder), **variables})
    app = create_app(settings, registry=registry)
    try:
        with on_loopback(app) as url:
            yield url
    finally:
        journal: Journal = app.extensions["journal"]
        journal.store.close()


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> DirectoryRegistry:
    registry = DirectoryRegistry(tmp_path_factory.mktemp("models") / "registry")
    publish_good(registry, str(BLUE))
    publish_good(registry, str(GREEN), slope=0.0202)
    publish_slow(registry, str(SLOW), layers=500)
    publish_skewed(registry, str(SKEWED))
    publish_good(registry, str(OTHER))
    return registry


@pytest.fixture
def clock() -> Clock:
    return Clock()


def judge(registry: DirectoryRegistry, clock: Clock, key: str = "", policy: Policy = QUICK, url: str = "") -> HttpJudge:
    return HttpJudge(registry, key, policy, public_url=url, sleep=clock.sleep, now=clock.now)


def send(url: str, count: int, first_age: int = 0, key: str = "") -> None:
    headers = {"Authorization": f"Bearer {key}"}
    for number in range(count):
        row = {"age": float(first_age + number % 100), "city": "Oslo"}
        assert requests.post(f"{url}/v1/predict", json=row, headers=headers, timeout=10).status_code == 200


def found(verdict: Verdict, name: str) -> str:
    return next(each.found for each in verdict.evidence if each.name == name)


def journalled(url: str) -> int:
    return len(requests.get(f"{url}/v1/journal", timeout=10).content.splitlines())


@pytest.mark.parametrize("task", list(Task))
def test_a_service_that_runs_its_tag_is_verified_and_nothing_is_journalled(
    tmp_path: Path, clock: Clock, task: Task
) -> None:
    registry = DirectoryRegistry(tmp_path / "registry")
    registry.publish(make_bundle(tmp_path / "bundle", task))
    with running(registry, tmp_path / "journal", BLUE) as url:
        asked = judge(registry, clock, url=url)
        verdict = asked.verify(url, BLUE)
        alone = asked.compare(Addresses(green=url, blue=None), BLUE)
        beside = asked.compare(Addresses(green=url, blue=url), BLUE)
        assert journalled(url) == 0
    assert (verdict.problem, alone.problem, beside.problem) == ("", "", "")
    assert {each.name for each in verdict.evidence} == {"ready", "golden rows", "single rows", "a faulty row", "model"}
    assert found(verdict, "golden rows").endswith("in 3 rows")


def test_another_tag_is_no_good_and_known_at_once(registry: DirectoryRegistry, tmp_path: Path, clock: Clock) -> None:
    with running(registry, tmp_path, BLUE) as url:
        verdict = judge(registry, clock).verify(url, GREEN)
        waited = judge(registry, clock).wait_until_ready(url, GREEN, lambda: False)
    sentence = f"ready: ready, with {BLUE}, ready with {GREEN}"
    assert (verdict.problem, waited.problem) == (sentence, sentence)
    assert clock.time_s == 0


def test_scores_that_are_not_the_golden_ones_are_found(tmp_path: Path, clock: Clock) -> None:
    served, right = (DirectoryRegistry(tmp_path / name) for name in ("served", "right"))
    publish_good(served, str(BLUE), slope=0.03)
    publish_good(right, str(BLUE))
    with running(served, tmp_path / "journal", BLUE) as url:
        verdict = judge(right, clock).verify(url, BLUE)
    assert [each.name for each in verdict.breaches] == ["golden rows"]


@pytest.mark.parametrize("key", ["", "slip_wrong", CALLER], ids=["none", "unknown", "of a caller"])
def test_a_key_that_may_not_is_told_what_it_needs(
    registry: DirectoryRegistry, tmp_path: Path, clock: Clock, key: str
) -> None:
    with running(registry, tmp_path, BLUE, API_KEYS=f"{CHECKER_ENTRY},{CALLER_ENTRY}") as url:
        problem = judge(registry, clock, key).verify(url, BLUE).problem
        assert judge(registry, clock, CHECKER).verify(url, BLUE).problem == ""
    assert "SERVICE_KEY" in problem
    assert "it needs the scopes predict and admin" in problem
    assert not key or key not in problem


@pytest.mark.parametrize("key", ["", "slip_wrong", CALLER], ids=["none", "unknown", "of a caller"])
def test_a_key_that_may_not_is_told_without_a_model(
    registry: DirectoryRegistry, tmp_path: Path, clock: Clock, key: str
) -> None:
    with running(registry, tmp_path, BLUE, API_KEYS=f"{CHECKER_ENTRY},{CALLER_ENTRY}") as url:
        judge(registry, clock, CHECKER).require_key(url)
        with pytest.raises(ServiceError, match="set SERVICE_KEY to one with the scopes predict and admin") as refused:
            judge(registry, clock, key).require_key(url)
    assert not key or key not in str(refused.value)


@pytest.mark.parametrize("status", [200, 404, 422, 503])
def test_what_refuses_no_key_says_nothing_of_it(registry: DirectoryRegistry, clock: Clock, status: int) -> None:
    with answering(lambda _: Answer(status=status)) as server:
        judge(registry, clock).require_key(server.url)
    judge(registry, clock).require_key(server.url)


def test_a_green_that_takes_its_time_is_waited_for(clock: Clock) -> None:
    answers = [Answer(status=503)] * 3 + [Answer(body=f'{{"model_tag": "{GREEN}"}}'.encode())]
    with answering(lambda _: answers.pop(0)) as server:
        verdict = judge(DirectoryRegistry(Path()), clock).wait_until_ready(server.url, GREEN, lambda: False)
    assert verdict.problem == ""
    assert clock.time_s == pytest.approx(0.1 + 0.15 + 0.225)


def test_a_green_that_never_gets_ready_or_dies_is_given_up(clock: Clock) -> None:
    nobody = judge(DirectoryRegistry(Path()), clock)
    with answering(lambda _: Answer(status=503, body=b'{"detail": "no journal"}')) as server:
        died = nobody.wait_until_ready(server.url, GREEN, lambda: clock.time_s > 0.2)
        late = nobody.wait_until_ready(server.url, GREEN, lambda: False)
    away = nobody.wait_until_ready(server.url, GREEN, lambda: False)
    assert "its process has ended" in died.problem
    assert "not within 3 s (/readyz is answered 503: no journal)" in late.problem
    assert "nothing answers there" in away.problem


def test_rows_of_the_journal_are_replayed_and_the_slow_and_the_skewed_are_stopped(
    registry: DirectoryRegistry, tmp_path: Path, clock: Clock
) -> None:
    with running(registry, tmp_path / "blue", BLUE) as blue:
        send(blue, 60)
        for tag, breaches in ((GREEN, set()), (SLOW, {"median latency"}), (SKEWED, {"score distribution"})):
            with running(registry, tmp_path / str(tag), tag) as green:
                verdict = judge(registry, clock, url=blue).compare(Addresses(green=green, blue=blue), tag)
            assert breaches <= {each.name for each in verdict.breaches}, tag
            assert bool(verdict.breaches) == bool(breaches), verdict.problem
            assert found(verdict, "replay") == "60 rows of the journal"
            assert found(verdict, "answers") == "60 of 60 rows answered"
        assert journalled(blue) == 60


@pytest.mark.parametrize(
    ("rows", "variables", "said"),
    [
        (0, {}, "0 rows of the journal, and 3 golden rows"),
        (5, {}, "5 rows of the journal, and 3 golden rows"),
        (5, {"JOURNAL_REDACT": "age"}, "0 rows of the journal, 5 more are not whole"),
        (5, {"JOURNAL_DROP": "city"}, "0 rows of the journal, 5 more are not whole"),
        (0, {"API_KEYS": str(CALLER_ENTRY)}, "3 golden rows, as the journal cannot be read"),
    ],
)
def test_where_the_journal_has_too_little_golden_rows_are_sent(
    registry: DirectoryRegistry, tmp_path: Path, clock: Clock, rows: int, variables: dict[str, str], said: str
) -> None:
    with (
        running(registry, tmp_path / "blue", BLUE) as blue,
        running(registry, tmp_path / "public", BLUE, **variables) as public,
    ):
        send(public, rows, key=CALLER)
        verdict = judge(registry, clock, CALLER, url=public).compare(Addresses(green=blue, blue=blue), BLUE)
    assert verdict.problem == ""
    assert found(verdict, "replay").startswith(said)


def test_a_blue_of_another_contract_is_not_compared_with(
    registry: DirectoryRegistry, tmp_path: Path, clock: Clock
) -> None:
    with running(registry, tmp_path / "1", BLUE) as blue, running(registry, tmp_path / "2", OTHER) as green:
        verdict = judge(registry, clock, url=blue).compare(Addresses(green=green, blue=blue), OTHER)
    assert verdict.problem == ""
    assert found(verdict, "blue") == f"{BLUE} has another contract; only green is judged, on its golden rows"


def test_a_quiet_service_is_watched_to_the_end(registry: DirectoryRegistry, tmp_path: Path, clock: Clock) -> None:
    told: list[str] = []
    policy = Policy(watch_s=70, interval_s=5)
    with running(registry, tmp_path, GREEN) as url:
        verdict = judge(registry, clock, policy=policy).watch(url, GREEN, BLUE, datetime.now(UTC), told.append)
        assert journalled(url) == 0
    assert verdict.problem == ""
    assert found(verdict, "scores") == "0 rows came, blue had 0; judged by the replay before the switch"
    assert found(verdict, "probes").startswith("0 of 15 failed")
    assert [line.split(":")[0] for line in told] == [f"watched for {each} of 70 s" for each in (0, 30, 60)]


def test_rows_since_the_switch_are_held_against_blues_bundle(
    registry: DirectoryRegistry, tmp_path: Path, clock: Clock
) -> None:
    since = datetime.now(UTC) - timedelta(minutes=1)
    for tag, breaches in ((GREEN, []), (SKEWED, ["score distribution", "mean score"])):
        with running(registry, tmp_path / str(tag), tag) as url:
            send(url, 60)
            verdict = judge(registry, clock).watch(url, tag, BLUE, since, lambda _: None)
        assert [each.name for each in verdict.breaches] == breaches
        assert "on the same 60 rows" in found(verdict, "score distribution")


def test_a_blue_that_fails_on_rows_that_green_answers_does_not_end_the_watch(
    registry: DirectoryRegistry, tmp_path: Path, clock: Clock
) -> None:
    publish_fragile(registry, make_bundle(tmp_path / "original"), FRAGILE, feature="age", above=40)
    with running(registry, tmp_path / "journal", GREEN) as url:
        since = datetime.now(UTC)
        send(url, 60)
        verdict = judge(registry, clock).watch(url, GREEN, FRAGILE, since, lambda _: None)
    assert not verdict.breaches
    assert found(verdict, "blue").startswith(f"its bundle fails on rows that {GREEN} answered (")


def test_a_slow_model_is_found_by_what_callers_waited(
    registry: DirectoryRegistry, tmp_path: Path, clock: Clock
) -> None:
    with running(registry, tmp_path, BLUE) as url:
        send(url, 50)
        # A process that ends well ships what it has spooled; this one is only left.
        assert journalled(url) == 50
    with running(registry, tmp_path, SLOW) as url:
        since = datetime.now(UTC)
        send(url, 50)
        verdict = judge(registry, clock).watch(url, SLOW, BLUE, since, lambda _: None)
    assert "median latency" in {each.name for each in verdict.breaches}


def test_errors_since_the_switch_are_a_breach(registry: DirectoryRegistry, clock: Clock) -> None:
    counts = 'slipway_request_duration_seconds_count{method="POST",route="/v1/predict",status="%d"} %d\n'
    metrics = "# TYPE slipway_request_duration_seconds histogram\n" + counts % (200, 90) + counts % (500, 10)
    bodies = {
        "/v1/predict": f'{{"model_tag": "{GREEN}", "score": 0.5}}'.encode(),
        "/v1/journal/span": b'{"oldest": null, "newest": null}',
        "/metrics": metrics.encode(),
    }
    with answering(lambda asked: Answer(body=bodies.get(asked.path, b""))) as server:
        verdict = judge(registry, clock).watch(server.url, GREEN, BLUE, datetime.now(UTC), lambda _: None)
    assert [each.name for each in verdict.breaches] == ["errors"]
    assert found(verdict, "errors").startswith("10 of 100 requests failed")


def test_a_server_that_only_fails_is_found_after_three_probes(registry: DirectoryRegistry, clock: Clock) -> None:
    with answering(lambda _: Answer(status=500)) as server:
        verdict = judge(registry, clock).watch(server.url, GREEN, None, datetime.now(UTC), lambda _: None)
    assert [each.name for each in verdict.breaches] == ["probes"]
    assert clock.time_s == 2


def test_what_cannot_be_read_for_want_of_a_key_is_said_and_no_breach(
    registry: DirectoryRegistry, tmp_path: Path, clock: Clock
) -> None:
    with running(registry, tmp_path, GREEN, API_KEYS=f"{CHECKER_ENTRY},{CALLER_ENTRY}") as url:
        verdict = judge(registry, clock, CALLER).watch(url, GREEN, BLUE, datetime.now(UTC), lambda _: None)
    assert verdict.problem == ""
    for name in ("journal", "metrics"):
        assert "set SERVICE_KEY to one with the scopes predict and admin" in found(verdict, name)


def test_an_address_that_no_key_may_be_sent_to_is_refused_in_a_sentence(
    registry: DirectoryRegistry, clock: Clock
) -> None:
    with pytest.raises(ServiceError, match="deploying takes an https URL"):
        judge(registry, clock).verify("http://example.org", BLUE)


def test_a_process_that_is_killed_while_it_is_watched_is_found(tmp_path: Path) -> None:
    registry = DirectoryRegistry(tmp_path / "registry")
    publish_good(registry, str(GREEN))
    with serving(tmp_path) as server:
        url = f"http://127.0.0.1:{server.port}"

        def tell(_: str) -> None:
            for process in (*server.workers(), server.process.pid):
                os.kill(process, signal.SIGKILL)

        send(url, 2)
        assert scrape(Service(url, "")) == Tally(requests=2)
        watching = HttpJudge(registry, "", Policy(watch_s=30, interval_s=1), sleep=lambda s: time.sleep(s / 10))
        verdict = watching.watch(url, GREEN, None, datetime.now(UTC), tell)
    assert "probes" in {each.name for each in verdict.breaches}
