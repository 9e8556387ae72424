"""`python -m watch look` at a real service, and at GitHub's double."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
import requests

from app.keys import Scope, new_key
from core.documents import to_json_line
from core.drift import Severity
from core.github.alert import Alert
from core.github.hidden import hidden, hidden_in
from core.github.issues import Inbox
from core.registry import DirectoryRegistry
from core.service import Service
from doubles.github import GitHub, Status
from doubles.github.state import Issue
from tests.alertmanager import variables
from tests.commands import ROOT
from tests.factories import make_bundle
from tests.findings import make_quality, make_report
from tests.github import REPOSITORY, make_client, sent
from tests.integration.test_gunicorn import Server, serving
from tests.loopback import Answer, Asked, answering
from watch.desk import Desk
from watch.heartbeat import beat
from watch.judging import Verdict
from watch.looking import Looker, look
from watch.memory import Memory
from watch.trouble import Instance, Trouble, Watcher

SECRET, KEY = new_key("watch", [Scope.ADMIN])
PROBLEM = {"Content-Type": "application/problem+json"}
OF_SERVICE = {**PROBLEM, "X-Request-Id": "01a2120bdfa173d88a2fd99eae486751"}
INFO = 'slipway_build_info{version="0.1.0",revision="",python="3.11"} 1\n'
COUNT = 'slipway_request_duration_seconds_count{method="POST",route="/v1/predict",status="%d"} %d\n'
STARTED = "slipway_start_timestamp_seconds 1000\n"


class Watch:
    """Somebody who looks at a service once an hour, and the repository that remembers."""

    def __init__(self, github: GitHub) -> None:
        self.github = github
        self._environment = variables(github, github.token(issues="write", contents="read"))

    def look(self, url: str, **changes: str) -> subprocess.CompletedProcess[str]:
        """Look at a service."""
        return subprocess.run(
            [sys.executable, "-m", "watch", "look"],
            cwd=ROOT,
            env=self._environment | {"SERVICE_URL": url, "SERVICE_KEY": SECRET} | changes,
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
        )

    def seen(self, url: str) -> str:
        """What a look says that goes well."""
        done = self.look(url)
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def alerts(self) -> dict[str, Issue]:
        """The issues of alerts, by name."""
        found = self.github.repository(REPOSITORY).issues.values()
        return {issue.title.partition(":")[0]: issue for issue in found if "alert" in issue.labels}

    @property
    def states(self) -> dict[str, str]:
        """How they stand."""
        return {name: issue.state for name, issue in self.alerts.items()}

    @property
    def inbox(self) -> Inbox:
        """For who tells beside."""
        return Inbox(make_client(self.github, self.github.token(issues="write", contents="read")))

    def prometheus_tells(self, name: str, *, beats: timedelta = timedelta(), told: timedelta = timedelta()) -> Desk:
        """Let Prometheus have told of an alert, and its heart have beaten, so long ago."""
        inbox = self.inbox
        beat(inbox, datetime.now(UTC) - beats)
        desk = Desk(inbox, page="https://github.com/acme/forecast", by=Watcher.PROMETHEUS)
        instances = (Instance(mark="f", since=datetime.now(UTC), what="It is so."),)
        trouble = Trouble(name=name, kind="", severity="page", remedy="", runbook="", instances=instances)
        desk.tell(trouble, datetime.now(UTC) - told)
        return desk


@pytest.fixture
def watch(github: GitHub) -> Watch:
    return Watch(github)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    DirectoryRegistry(tmp_path / "registry").publish(make_bundle(tmp_path / "bundle", created_at=datetime.now(UTC)))
    with serving(tmp_path, API_KEYS=str(KEY), JOURNAL_STORE_LIMIT_BYTES="1000000", WEB_CONCURRENCY="1") as server:
        yield server


def url_of(server: Server) -> str:
    return f"http://127.0.0.1:{server.port}"


def shown(text: str, *, ready: Answer | None = None) -> Callable[[Asked], Answer]:
    """What answers in place of a service that shows these metrics."""

    def reply(asked: Asked) -> Answer:
        if asked.path == "/readyz":
            return ready or Answer(body=b'{"status": "ready"}')
        return Answer(body=(INFO + STARTED + text).encode())

    return reply


def report(server: Server, severity: Severity) -> None:
    """Let a drift check have found that the model does worse, or not."""
    quality = msgspec.structs.replace(make_quality(datetime.now(UTC), auc=0.6), severity=severity)
    made = make_report(severity=severity, made_at=datetime.now(UTC), quality=(quality,))
    answer = requests.post(
        f"{url_of(server)}/v1/drift",
        data=b'{"report": %s, "memory": 0}' % to_json_line(made),
        headers={"Authorization": f"Bearer {SECRET}", "Content-Type": "application/json"},
        timeout=30,
    )
    assert answer.ok, answer.text


def test_a_service_that_does_worse_is_told_of_until_it_does_not(watch: Watch, server: Server) -> None:
    report(server, Severity.ALERT)
    assert "wrong: QualityDegraded: The model is right less often" in watch.seen(url_of(server))
    issue = watch.alerts["QualityDegraded"]
    assert (issue.state, issue.labels) == ("open", ["slipway", "alert", "severity:warning"])
    assert f"{watch.github.server_url}/{REPOSITORY}/blob/HEAD/docs/runbook.md#qualitydegraded" in (issue.body or "")
    before = sent(watch.github)
    watch.seen(url_of(server))
    # Nothing but what is to be remembered.
    assert [each.split("/")[0] for each in sent(watch.github)[len(before) :]] == ["PATCH issues"]
    assert watch.states == {"QualityDegraded": "open"}
    # The service itself looks into its store every fifteen seconds at most.
    report(server, Severity.OK)
    with answering(shown("slipway_quality_severity 0\n")) as mended:
        watch.seen(mended.url)
    issue = watch.alerts["QualityDegraded"]
    assert issue.state == "closed"
    assert "as a look sees." in issue.comments[-1].body


def test_of_a_service_that_is_well_nothing_is_told_and_all_is_judged(watch: Watch, server: Server) -> None:
    watch.seen(url_of(server))
    said = watch.seen(url_of(server))
    assert watch.alerts == {}
    assert "well: ServiceDown: The service is ready." in said
    assert "well: ManyErrors: 0.00% of " in said
    unknown = {line.split(": ")[1] for line in said.splitlines() if line.startswith("unknown")}
    assert unknown <= {"MonitoringSilent", "DriftNotChecked", "DataDrifted", "QualityDegraded", "EgressCostly"}


def test_errors_since_the_last_look_are_told_and_a_look_without_any_ends_it(watch: Watch) -> None:
    for failed, state in ((0, None), (50, "open"), (50, "closed"), (60, "closed")):
        text = COUNT % (200, 1000 + failed) + COUNT % (500, failed)
        with answering(shown(text)) as service:
            watch.seen(service.url)
        assert watch.states.get("ManyErrors") == state
    assert (
        watch.alerts["ManyErrors"].title == "ManyErrors: 50.00% of 100 requests since the last look failed; 0.1% may."
    )


def test_a_service_that_does_not_answer_is_down_and_nobody_knows_the_rest(watch: Watch) -> None:
    with answering(shown("slipway_journal_lag_seconds 700\n")) as service:
        watch.seen(service.url)
    assert watch.states == {"JournalNotDraining": "open"}
    with answering(lambda _: Answer(status=418)) as service:
        said = watch.seen(service.url)
    assert "wrong: ServiceDown: The service does not answer: /readyz is answered 418." in said
    assert watch.states == {"JournalNotDraining": "open", "ServiceDown": "open"}
    assert watch.alerts["ServiceDown"].labels == ["slipway", "alert", "severity:critical"]
    with answering(shown("slipway_journal_lag_seconds 0\n")) as service:
        watch.seen(service.url)
    assert watch.states == {"JournalNotDraining": "closed", "ServiceDown": "closed"}


def test_a_key_that_is_refused_fails_the_run_after_all_else_is_told(watch: Watch, server: Server) -> None:
    done = watch.look(url_of(server), SERVICE_KEY="slip_wrong")
    assert done.returncode == 1
    assert "well: ServiceDown" in done.stdout
    assert done.stderr.startswith(f"error: {url_of(server)}: refuses the key of SERVICE_KEY (401)")


def test_what_prometheus_tells_is_left_to_it_while_its_heart_beats(watch: Watch) -> None:
    desk = watch.prometheus_tells("JournalNotDraining")
    with answering(shown("slipway_journal_lag_seconds 0\n")) as service:
        assert "[Prometheus tells of it]" in watch.seen(service.url)
        assert watch.states == {"JournalNotDraining": "open"}
    desk.settle("JournalNotDraining", "Over.")
    with answering(shown("slipway_journal_lag_seconds 700\n")) as service:
        # It was over since the last look, whose figures may be older.
        watch.seen(service.url)
        assert watch.states == {"JournalNotDraining": "closed"}
        watch.alerts["JournalNotDraining"].closed_at = datetime.now(UTC) - timedelta(hours=1)
        watch.seen(service.url)
        assert watch.states == {"JournalNotDraining": "open"}


def test_where_prometheus_has_died_that_is_told_and_what_it_left_is_closed(watch: Watch) -> None:
    watch.prometheus_tells("JournalNotDraining", beats=timedelta(hours=4))
    with answering(shown("slipway_journal_lag_seconds 0\n")) as service:
        said = watch.seen(service.url)
        assert "wrong: MonitoringSilent: The last sign of life of those who alert is 4 hours old." in said
        assert watch.states == {"JournalNotDraining": "closed", "MonitoringSilent": "open"}
        beat(watch.inbox, datetime.now(UTC))
        watch.seen(service.url)
        assert watch.states["MonitoringSilent"] == "closed"


def test_what_a_dead_prometheus_left_and_nobody_else_judges_is_closed_later(watch: Watch) -> None:
    long_ago = timedelta(days=2)
    for name, ago in (("ErrorsAddUp", long_ago), ("ProxyDown", timedelta(hours=5))):
        watch.prometheus_tells(name, beats=long_ago, told=ago)
    with answering(shown("")) as service:
        assert "unknown: ErrorsAddUp: Prometheus told of it, and is silent. [ErrorsAddUp: issue closed" in watch.seen(
            service.url
        )
    assert watch.states == {"ErrorsAddUp": "closed", "ProxyDown": "open", "MonitoringSilent": "open"}


def test_one_that_cannot_be_closed_does_not_keep_the_others_open(watch: Watch, github: GitHub) -> None:
    long_ago = timedelta(days=2)
    for name in ("ErrorsAddUp", "SlowAnswersAddUp"):
        desk = watch.prometheus_tells(name, beats=long_ago, told=long_ago)
    number = watch.alerts["ErrorsAddUp"].number
    github.plant(Status(status=403, body='{"message": "Resource not accessible"}'), path=f"*/issues/{number}*", times=9)
    said = dict(desk.forget(datetime.now(UTC)))
    assert said["ErrorsAddUp"].startswith("ErrorsAddUp: cannot be closed now: ")
    assert watch.states == {"ErrorsAddUp": "open", "SlowAnswersAddUp": "closed"}


def test_who_gives_prometheus_up_empties_its_heartbeat_and_is_left_in_peace(watch: Watch) -> None:
    watch.prometheus_tells("ManyErrors", beats=timedelta(hours=4))
    watch.seen("")
    issues = watch.github.repository(REPOSITORY).issues.values()
    (heart,) = [issue for issue in issues if issue.title == "Heartbeat of the alerts"]
    heart.body, watch.alerts["MonitoringSilent"].state = "", "closed"
    assert "unknown: MonitoringSilent: There never was a heartbeat." in watch.seen("")
    assert watch.states["MonitoringSilent"] == "closed"


def test_without_a_service_the_heart_alone_is_looked_at(watch: Watch) -> None:
    watch.prometheus_tells("ManyErrors", beats=timedelta(hours=4))
    said = watch.seen("")
    assert said.startswith("SERVICE_URL is not set (in GitHub's workflow the variable PRODUCTION_URL)")
    assert watch.states == {"ManyErrors": "open", "MonitoringSilent": "open"}


def test_since_when_it_is_true_is_remembered_where_nobody_can_tell_meanwhile(watch: Watch) -> None:
    began = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    memory = Memory(at=began.timestamp(), since={"JournalNotDraining": began.timestamp()})
    watch.inbox.keep(Alert(key="watch/memory", title="Memory", body="", ending=hidden(memory)))
    with answering(shown("slipway_journal_lag_seconds 700\n")) as service:
        watch.seen(service.url)
    assert "| 2026-11-01 05:30 |" in (watch.alerts["JournalNotDraining"].body or "")


def test_what_is_remembered_is_a_closed_issue_that_somebody_may_break(watch: Watch, github: GitHub) -> None:
    with answering(shown("")) as service:
        watch.seen(service.url)
        (kept,) = github.repository(REPOSITORY).issues.values()
        assert (kept.title, kept.state) == ("What the last look at the service saw", "closed")
        kept.body = (kept.body or "").replace('"servers"', '"serve')
        watch.seen(service.url)
    memory = hidden_in(kept.body, Memory)
    assert memory is not None
    assert list(memory.servers) == ["1000.000"]


@pytest.mark.parametrize("since", [1e300, -1e300, -99999999999999, 4e9])
def test_a_time_that_was_never_does_not_silence_an_alert(watch: Watch, since: float) -> None:
    memory = Memory(at=1000.0, since={"ServiceDown": since})
    watch.inbox.keep(Alert(key="watch/memory", title="Memory", body="", ending=hidden(memory)))
    with answering(lambda _: Answer(status=404, body=b"")) as service:
        watch.look(service.url)
    assert watch.states == {"ServiceDown": "open"}
    assert f"| {datetime.now(UTC):%Y-%m-%d} " in (watch.alerts["ServiceDown"].body or "")


def test_without_a_repository_what_is_wrong_is_the_exit_status(watch: Watch) -> None:
    with answering(lambda _: Answer(status=404, body=b"")) as service:
        done = watch.look(service.url, WATCH_ALERTS="none")
    assert "wrong: ServiceDown: The service does not answer: /readyz is answered 404" in done.stdout
    assert done.returncode == 1


def test_without_a_repository_it_is_said_and_nothing_told(watch: Watch, server: Server, github: GitHub) -> None:
    done = watch.look(url_of(server), WATCH_ALERTS="none")
    assert done.returncode == 0
    assert "well: ServiceDown" in done.stdout
    assert github.calls == []


def test_another_page_that_answers_well_is_no_service(watch: Watch) -> None:
    with answering(lambda _: Answer(body=b"<html>This domain is for sale")) as service:
        said = watch.seen(service.url)
    assert "wrong: ServiceDown: The service does not answer: what answers at /readyz is no Slipway" in said
    assert watch.states == {"ServiceDown": "open"}


@pytest.mark.parametrize(
    "metrics",
    [
        Answer(body=b"<html>"),
        Answer(body=b'x{a="b", ="c"} 1'),
        Answer(body=b"x 1" + b"0" * 400),
        Answer(body=b"Authorization: Bearer slip_key"),
        Answer(body=b"no gzip", headers={"Content-Encoding": "gzip"}),
    ],
    ids=["a page", "no label", "a huge number", "the key", "no gzip"],
)
def test_metrics_that_cannot_be_read_are_a_sentence_without_the_key(metrics: Answer) -> None:
    with answering(lambda asked: Answer(body=b'{"status": "ready"}') if asked.path == "/readyz" else metrics) as server:
        looked = look(Service(server.url, "slip_key", sleep=lambda _: None), Memory(), datetime.now(UTC))
    assert {each.name: each.is_true for each in looked.verdicts} == {"ServiceDown": False, "JournalUnavailable": False}
    assert "is no Slipway" in str(looked.problem)
    assert "slip_key" not in str(looked.problem)
    assert len(str(looked.problem)) < 300


def test_one_issue_that_cannot_be_written_does_not_silence_the_others(
    watch: Watch, github: GitHub, tmp_path: Path
) -> None:
    with answering(shown("slipway_journal_lag_seconds 700\n")) as service:
        watch.seen(service.url)
    (number,) = [issue.number for issue in watch.alerts.values()]
    github.plant(Status(status=403, body='{"message": "Resource not accessible"}'), path=f"*/issues/{number}*", times=9)
    figures = "slipway_journal_lag_seconds 0\nslipway_quality_severity 6\n"
    with answering(shown(figures)) as service:
        done = watch.look(service.url, GITHUB_STEP_SUMMARY=str(tmp_path / "summary.md"))
    assert done.returncode == 1
    assert " behind. [could not be told: " in done.stdout
    assert "Resource not accessible" in done.stderr
    assert watch.states == {"JournalNotDraining": "open", "QualityDegraded": "open"}
    assert "| QualityDegraded | wrong |" in (tmp_path / "summary.md").read_text()


def test_words_of_the_service_call_nobody_and_hide_nothing(watch: Watch) -> None:
    with answering(lambda _: Answer(status=418)) as service:
        watch.seen(service.url)
    hostile = json.dumps({"detail": "@octocat <!-- <img src=x>"}).encode()
    looker = Looker(watch.inbox, page="https://github.com/acme/forecast")
    with answering(shown("", ready=Answer(status=503, body=hostile, headers=OF_SERVICE))) as server:
        # It does not wait before it asks again.
        looker.look(Service(server.url, "", sleep=lambda _: None), datetime.now(UTC), lambda *_: None)
    (comment,) = watch.alerts["ServiceDown"].comments
    assert "&#64;octocat &lt;!-- &lt;img src=x>" in comment.body


def test_an_issue_whose_label_somebody_took_away_is_closed_too(watch: Watch) -> None:
    with answering(shown("slipway_journal_lag_seconds 700\n")) as service:
        watch.seen(service.url)
    issue = watch.alerts["JournalNotDraining"]
    issue.labels.remove("alert")
    with answering(shown("slipway_journal_lag_seconds 0\n")) as service:
        watch.seen(service.url)
    assert issue.state == "closed"


def test_who_has_set_nothing_gets_no_issue_and_no_failure(watch: Watch, github: GitHub) -> None:
    watch.seen("")
    assert github.repository(REPOSITORY).issues == {}
    github.repository(REPOSITORY).has_issues = False
    assert "issues are switched off" in watch.seen("")


def looked_at(ready: Answer) -> dict[str, Verdict]:
    """What a look says that does not wait before it asks again."""
    with answering(shown("", ready=ready)) as server:
        looked = look(Service(server.url, "", sleep=lambda _: None), Memory(), datetime.now(UTC))
    return {verdict.name: verdict for verdict in looked.verdicts}


def test_a_service_that_cannot_write_down_is_not_ready() -> None:
    body = json.dumps({"detail": "nothing can be written"}).encode()
    found = looked_at(Answer(status=503, body=body, headers=OF_SERVICE))
    assert found["JournalUnavailable"].what == "The service is not ready: nothing can be written"
    assert found["JournalUnavailable"].is_true
    assert not found["ServiceDown"].is_true


@contextmanager
def dripping(head: bytes, drop: bytes = b"x", every_s: float = 0.05) -> Iterator[str]:
    """The address of what never ends an answer."""
    over = threading.Event()

    def serve(listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, suppress(OSError):
                    connection.sendall(head)
                    while not over.wait(every_s):
                        connection.sendall(drop)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=[listener], daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: "])
def test_who_sends_a_byte_now_and_then_is_down(head: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("watch.looking._PATIENCE_S", 1.0)
    with dripping(head) as url:
        looked = look(Service(url, ""), Memory(), datetime.now(UTC))
    assert [(each.name, each.is_true) for each in looked.verdicts] == [
        ("ServiceDown", True),
        ("JournalUnavailable", None),
    ]
    assert looked.verdicts[0].what.endswith("does not answer in time; try again later")


def test_an_answer_without_an_end_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.service._MOST_BYTES", 1000)
    found = looked_at(Answer(body=bytes(2000)))
    assert found["ServiceDown"].what.endswith("its answer does not end")


def test_nor_is_that_of_one_that_leads_elsewhere_read_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.service._MOST_BYTES", 1000)
    monkeypatch.setattr("watch.looking._PATIENCE_S", 5.0)
    head = b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 1000000000000\r\n\r\n"
    with dripping(head, bytes(70_000), 0.001) as url:
        looked = look(Service(url, "", sleep=lambda _: None), Memory(), datetime.now(UTC))
    assert looked.verdicts[0].what.endswith("its answer does not end")


@pytest.mark.parametrize("status", [502, 503, 504, 404])
@pytest.mark.parametrize("headers", [{}, PROBLEM], ids=["a strange proxy", "ours"])
def test_where_a_proxy_answers_for_it_the_service_is_down(status: int, headers: dict[str, str]) -> None:
    found = looked_at(Answer(status=status, body=b'{"detail": "no model answers"}', headers=headers))
    assert found["ServiceDown"].is_true
    assert set(found) == {"ServiceDown", "JournalUnavailable"}


def test_while_github_is_away_the_run_fails_with_a_sentence(watch: Watch, github: GitHub) -> None:
    github.plant(Status(status=403, body='{"message": "Resource not accessible"}'), path="*/issues", times=9)
    with answering(shown("")) as service:
        done = watch.look(service.url)
    assert done.returncode == 1
    assert "Resource not accessible" in done.stderr


def test_the_page_of_the_run_says_the_same(watch: Watch, tmp_path: Path) -> None:
    with answering(shown("slipway_journal_lag_seconds 700\n")) as service:
        watch.look(service.url, GITHUB_STEP_SUMMARY=str(tmp_path / "summary.md"))
    text = (tmp_path / "summary.md").read_text()
    assert text.startswith("## The service\n\n| alert | is | what was seen | what was done |\n")
    assert "| JournalNotDraining | wrong | The journal's store is 12 minutes behind. | " in text
