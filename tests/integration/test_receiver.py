"""`python -m watch receive`, as Alertmanager calls it, at GitHub's double."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from core.github.alert import marker_of
from core.github.hidden import hidden, hidden_in
from doubles.github import GitHub, Status
from doubles.github.state import Issue
from tests.alertmanager import Receiver, message, receiving, sent, variables
from tests.commands import ROOT
from tests.compose import free_ports
from tests.github import REPOSITORY, Caller, make_client
from tests.github import sent as changes_at
from tests.one_host import wait_for
from tests.watched import program, running
from watch.heartbeat import Beat
from watch.receiving import AlertsWait, IssueTeller
from watch.telling import Told
from watch.webhook import read_message

FIRING, OVER = message(sent()), message(sent(firing=False))
HEARTBEAT = message(sent("Heartbeat", labels={"severity": "none", "kind": "heartbeat"}))


@pytest.fixture(scope="module")
def running_receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[GitHub, Receiver]]:
    """One for all tests: each has a repository that nothing has happened in."""
    with GitHub() as github:
        github.add_repository(REPOSITORY)
        environment = variables(github, github.token(issues="write", contents="read"))
        with receiving(tmp_path_factory.mktemp("receiver"), environment) as receiver:
            yield github, receiver
        assert github.violations == []
        assert github.leaks == []


@pytest.fixture
def hub(running_receiver: tuple[GitHub, Receiver]) -> GitHub:
    github, _ = running_receiver
    repository = github.repository(REPOSITORY)
    repository.issues.clear()
    github.faults.clear()
    github.calls.clear()
    return github


@pytest.fixture
def receiver(running_receiver: tuple[GitHub, Receiver], hub: GitHub) -> Receiver:
    return running_receiver[1]


def issues(github: GitHub) -> list[Issue]:
    return list(github.repository(REPOSITORY).issues.values())


def the_issue(github: GitHub) -> Issue:
    (issue,) = issues(github)
    return issue


def test_an_alert_opens_an_issue_that_says_what_since_when_and_what_to_do(receiver: Receiver, hub: GitHub) -> None:
    answer = receiver.post(FIRING)
    page = f"{hub.server_url}/{REPOSITORY}"
    assert (answer.status_code, answer.json()) == (200, {"done": [f"ManyErrors: issue opened: {page}/issues/1"]})
    issue = the_issue(hub)
    assert issue.title == "ManyErrors: 2% of requests fail; 0.1% may."
    assert issue.labels == ["slipway", "alert", "severity:critical"]
    body = issue.body or ""
    assert body.startswith(
        f"{marker_of('alert:manyerrors')}\n**Look at this now** (page).\n\n"
        "| since (UTC) | what | where |\n| --- | --- | --- |\n"
        "| 2026-11-26 21:00 | 2% of requests fail; 0.1% may. |  |\n\n"
        f"**First look**: [ManyErrors in the runbook]({page}/blob/HEAD/docs/runbook.md#manyerrors), "
        "then [what Prometheus shows](http://localhost:9090/graph?g0.expr=up%20%281%29&g0.tab=1).\n\n"
        "**Remedy**: Go back.\n\n"
    )


def test_the_same_message_again_sends_nothing_even_with_another_figure(receiver: Receiver, hub: GitHub) -> None:
    receiver.post(FIRING)
    before = changes_at(hub)
    answer = receiver.post(message(sent(annotations={"summary": "3% of requests fail; 0.1% may."})))
    assert "issue unchanged" in answer.json()["done"][0]
    assert changes_at(hub) == before


def test_a_figure_is_written_anew_after_hours(receiver: Receiver, hub: GitHub) -> None:
    receiver.post(FIRING)
    age(the_issue(hub), "2026-11-26T00:00:00Z")
    receiver.post(message(sent(annotations={"summary": "3% of requests fail; 0.1% may."})))
    assert the_issue(hub).title == "ManyErrors: 3% of requests fail; 0.1% may."


def age(issue: Issue, at: str) -> None:
    """Let an issue have been written at a time."""
    told = hidden_in(issue.body, Told)
    assert told is not None
    older = Told(name=told.name, by=told.by, facts=told.facts, at=datetime.fromisoformat(at))
    issue.body = (issue.body or "").replace(hidden(told), hidden(older))


def test_another_instance_is_added_to_the_same_issue_and_taken_out_of_it(receiver: Receiver, hub: GitHub) -> None:
    one, two = (sent(labels={"slot": slot}, fingerprint=slot) for slot in ("blue", "green"))
    receiver.post(message(one))
    receiver.post(message(one, two))
    assert "| `slot=green` |" in (the_issue(hub).body or "")
    receiver.post(message(one, two | {"status": "resolved"}))
    issue = the_issue(hub)
    assert "`slot=green`" not in (issue.body or "")
    assert issue.state == "open"


def test_what_is_over_closes_the_issue_with_a_comment_and_again_changes_nothing(
    receiver: Receiver, hub: GitHub
) -> None:
    receiver.post(FIRING)
    assert "issue closed" in receiver.post(OVER).json()["done"][0]
    issue = the_issue(hub)
    assert (issue.state, issue.state_reason) == ("closed", "completed")
    assert [comment.body.splitlines()[-1] for comment in issue.comments] == [
        "Over since 2026-11-26 22:00 UTC, as Alertmanager says."
    ]
    before = changes_at(hub)
    assert receiver.post(OVER).json() == {"done": ["ManyErrors: nothing to tell"]}
    assert changes_at(hub) == before


def test_where_some_are_not_listed_nothing_is_over(receiver: Receiver, hub: GitHub) -> None:
    receiver.post(message(sent(fingerprint="f1"), sent(fingerprint="f2")))
    answer = receiver.post(message(sent(firing=False), truncatedAlerts=30))
    assert answer.json() == {"done": ["ManyErrors: nothing done, as 30 of it are not listed"]}
    assert the_issue(hub).state == "open"


def test_what_is_long_is_cut_and_of_many_the_first_are_told(receiver: Receiver, hub: GitHub) -> None:
    address, said = "http://localhost:9090/" + "y" * 5000, {"summary": "x" * 5000}
    alerts = [sent(fingerprint=f"f{number}", annotations=said, generatorURL=address) for number in range(60)]
    assert receiver.post(message(*alerts, truncatedAlerts=3)).status_code == 200
    body = the_issue(hub).body or ""
    assert f"| {'x' * 499}… |" in body
    assert "And 13 more." in body
    assert "what Prometheus shows" not in body


def test_times_of_another_zone_are_said_in_utc(receiver: Receiver, hub: GitHub) -> None:
    receiver.post(message(sent(startsAt="2026-11-26T23:00:00+05:00")))
    assert "| 2026-11-26 18:00 |" in (the_issue(hub).body or "")
    receiver.post(message(sent(firing=False, endsAt="2026-11-27T03:00:00+05:00")))
    assert "Over since 2026-11-26 22:00 UTC" in the_issue(hub).comments[-1].body


def test_what_is_true_again_opens_the_same_issue(receiver: Receiver, hub: GitHub) -> None:
    for each in (FIRING, OVER, FIRING):
        receiver.post(each)
    assert the_issue(hub).state == "open"


def test_what_ends_while_github_does_not_close_is_commented_on_once(receiver: Receiver, hub: GitHub) -> None:
    receiver.post(FIRING)
    hub.plant(Status(status=403, body='{"message": "Resource not accessible"}'), method="PATCH", path="*/issues/1")
    assert receiver.post(OVER).status_code == 503
    assert receiver.post(OVER).status_code == 200
    assert len(the_issue(hub).comments) == 1
    assert the_issue(hub).state == "closed"


def test_messages_of_one_alert_at_once_open_one_issue(receiver: Receiver, hub: GitHub) -> None:
    with ThreadPoolExecutor(4) as threads:
        statuses = [each.status_code for each in threads.map(receiver.post, [FIRING] * 4)]
    assert statuses == [200] * 4
    assert len(issues(hub)) == 1


def test_while_github_refuses_it_is_to_be_sent_again_and_the_log_says_why(receiver: Receiver, hub: GitHub) -> None:
    hub.plant(Status(status=403, body='{"message": "Resource not accessible"}'), path="*/issues", times=9)
    answer = receiver.post(FIRING)
    assert answer.status_code == 503
    assert answer.json()["detail"] == "this cannot be told now; send it again"
    told = [event for event in receiver.events() if event["event"] == "an alert cannot be told now"]
    assert "Resource not accessible" in told[-1]["problem"]
    assert "exception" not in told[-1]
    hub.faults.clear()
    assert receiver.post(FIRING).status_code == 200


def test_while_github_is_away_it_is_to_be_sent_again(receiver: Receiver, hub: GitHub) -> None:
    hub.plant(Status(status=502), path="*", times=99)
    assert receiver.post(FIRING).status_code == 503
    hub.faults.clear()
    assert receiver.post(FIRING).status_code == 200
    assert the_issue(hub).state == "open"


def test_who_would_wait_for_others_for_long_is_to_send_again(hub: GitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("watch.receiving._PATIENCE_S", 0.01)
    teller = IssueTeller(make_client(hub, hub.token(issues="write", contents="read")))
    told = read_message(json.dumps(message(sent("ManyErrors"))).encode())
    with teller._lock, pytest.raises(AlertsWait):
        teller.tell(told, datetime.now(UTC))
    assert len(teller.tell(told, datetime.now(UTC))) == 1


def test_without_the_token_nothing_is_told(receiver: Receiver, hub: GitHub) -> None:
    for token in ("", "another-token-of-it", f"{receiver.token}x", "ü"):
        refused = receiver.post(FIRING, token=token)
        assert refused.status_code == 401, token
        assert refused.headers["WWW-Authenticate"] == "Bearer"
    assert requests.post(f"{receiver.url}/alerts", json=FIRING, timeout=10).status_code == 401
    assert hub.calls == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"junk",
        b"\xff\xfe",
        b"[" * 100_000,
        b"{}",
        json.dumps(message(sent(), version="3")).encode(),
        json.dumps(message(sent(), alerts=[])).encode(),
        json.dumps(message(sent(startsAt="yesterday"))).encode(),
        json.dumps(message(sent(labels={"alertname": 5}))).encode(),
    ],
)
def test_what_is_no_message_is_refused_for_good(body: bytes, receiver: Receiver, hub: GitHub) -> None:
    answer = receiver.post(body)
    assert answer.status_code == 422
    assert "no message of Alertmanager's webhook" in answer.json()["detail"]
    assert hub.calls == []
    lost = [event for event in receiver.events() if event["event"].startswith("a message is no alert")]
    assert lost[-1]["problem"] == answer.json()["detail"]


def test_a_group_of_several_alerts_is_refused_with_what_to_set(receiver: Receiver) -> None:
    answer = receiver.post(message(sent(), groupLabels={"severity": "page"}))
    assert (answer.status_code, answer.json()["detail"]) == (
        422,
        "an issue is of one alert: set group_by to [alertname] in Alertmanager's route",
    )


def test_a_body_that_is_too_large_is_refused(receiver: Receiver, hub: GitHub) -> None:
    assert receiver.post(b" " * 1_000_001).status_code == 413
    assert hub.calls == []


def test_another_page_is_not_there_and_says_so_in_json(receiver: Receiver) -> None:
    answer = requests.get(f"{receiver.url}/alerts/x", timeout=10)
    assert (answer.status_code, answer.json()["title"]) == (404, "Not Found")


def test_every_message_is_a_line_in_the_log_and_no_token(receiver: Receiver) -> None:
    receiver.post(FIRING)
    requests.get(f"{receiver.url}/livez", timeout=10)
    wait_for(lambda: any(event["event"] == "request" for event in receiver.events()))
    line = [event for event in receiver.events() if event["event"] == "request"][-1]
    assert (line["method"], line["path"], line["status"]) == ("POST", "/alerts", 200)
    assert receiver.token not in receiver.log.read_text()


@pytest.mark.parametrize(("name", "kind"), [("DataDrifted", "drift"), ("QualityDegraded", "degradation")])
def test_what_the_drift_check_tells_of_is_not_told_twice(name: str, kind: str, receiver: Receiver, hub: GitHub) -> None:
    alert = message(sent(name, labels={"kind": kind, "severity": "ticket"}))
    receiver.post(alert)
    first = the_issue(hub)
    assert (first.state, first.labels) == ("open", ["slipway", "alert", "severity:warning"])
    owner = Caller(github=hub, token=hub.token(kind="user", login="ada", issues="write"))
    owner.issue(body=marker_of(f"model/{kind}"), labels=["slipway", kind])
    assert f"{name}: the drift check tells of it: " in receiver.post(alert).json()["done"][0]
    assert [issue.state for issue in issues(hub)] == ["closed", "open"]
    assert len(issues(hub)) == 2


def test_the_heartbeat_is_written_into_a_closed_issue_once_an_hour(receiver: Receiver, hub: GitHub) -> None:
    receiver.post(HEARTBEAT)
    issue = the_issue(hub)
    assert (issue.title, issue.state, issue.labels) == ("Heartbeat of the alerts", "closed", ["slipway"])
    before = changes_at(hub)
    assert receiver.post(HEARTBEAT).json() == {"done": ["the heart beats"]}
    assert changes_at(hub) == before
    beat = hidden_in(issue.body, Beat)
    assert beat is not None
    issue.body = (issue.body or "").replace(hidden(beat), hidden(Beat(at=datetime.fromisoformat("2026-01-01T00:00Z"))))
    receiver.post(HEARTBEAT)
    assert changes_at(hub)[len(before) :] == ["PATCH issues/1"]
    assert the_issue(hub).state == "closed"


def test_what_alertmanager_has_not_repeated_for_long_is_closed_with_the_heartbeat(
    receiver: Receiver, hub: GitHub
) -> None:
    receiver.post(FIRING)
    receiver.post(message(sent("Slow")))
    many = next(issue for issue in issues(hub) if issue.title.startswith("ManyErrors"))
    age(many, "2026-11-01T00:00:00Z")
    done = receiver.post(HEARTBEAT).json()["done"]
    assert any(each.startswith("ManyErrors: issue closed") for each in done)
    assert {issue.title.partition(":")[0]: issue.state for issue in issues(hub)} == {
        "ManyErrors": "closed",
        "Slow": "open",
        "Heartbeat of the alerts": "closed",
    }


def test_an_alert_of_somebody_elses_rules_has_an_issue_too(receiver: Receiver, hub: GitHub) -> None:
    bare = sent("Disk <!-- full --> @ada", labels={"severity": "?", "kind": ""})
    bare["annotations"], bare["generatorURL"] = {}, "javascript:alert(1)"
    assert receiver.post(message(bare)).status_code == 200
    issue = the_issue(hub)
    assert "javascript" not in (issue.body or "")
    assert issue.title == "Disk <!-- full --> @ada: Disk <!-- full --> @ada"
    assert "@ada" not in (issue.body or "").rpartition("<!--")[0]
    assert (issue.body or "").count("<!--") == 2
    assert issue.labels == ["slipway", "alert", "severity:warning"]


def test_without_a_repository_it_starts_and_the_log_tells(tmp_path: Path) -> None:
    with receiving(tmp_path, {"WATCH_ALERTS": "none"}) as receiver:
        assert receiver.post(FIRING).json() == {"done": ["ManyErrors: in the log"]}
        assert receiver.post(HEARTBEAT).json() == {"done": []}
        receiver.post(OVER)
        first, told, *_ = [event for event in receiver.events() if event["event"] != "request"]
        assert first["event"] == "alerts are told in this log only: WATCH_ALERTS names no repository"
        assert (told["event"], told["level"], told["alert"]) == ("alert", "error", "ManyErrors")


def test_without_a_token_for_github_it_starts_and_says_so(tmp_path: Path) -> None:
    with receiving(tmp_path, {"WATCH_ALERTS": "github:acme/forecast"}) as receiver:
        assert receiver.post(FIRING).status_code == 200
        assert receiver.events()[0]["event"] == "alerts are told in this log only: GITHUB_TOKEN is not set"


def test_without_a_token_of_its_own_it_does_not_start() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "watch", "receive"],
        cwd=ROOT,
        env={},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == (
        "error: environment: WATCH_TOKEN: is not set; it takes 16 letters, digits and signs or more that a message has "
        "to bring, and WATCH_TOKEN_FILE a file that holds them\n"
    )


def test_where_it_cannot_listen_it_says_so_in_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        busy, nowhere = (
            subprocess.run(
                [sys.executable, "-m", "watch", "receive"],
                cwd=ROOT,
                env={"WATCH_TOKEN": "t" * 16, "WATCH_PORT": port, "WATCH_HOST": host},
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            for host in ("127.0.0.1", "not a host")
        )
    assert (busy.returncode, nowhere.returncode) == (1, 1)
    assert busy.stderr == (
        f"error: port {port} on 127.0.0.1 is in use; stop that process or set WATCH_PORT to a free one\n"
    )
    assert nowhere.stderr.startswith("error: environment: WATCH_HOST or WATCH_PORT: this machine cannot listen on ")


def test_the_real_alertmanager_opens_and_closes_it(receiver: Receiver, hub: GitHub, tmp_path: Path) -> None:
    (port, _), text = free_ports(), (ROOT / "monitoring/alertmanager.yml").read_text()
    (tmp_path / "token").write_text(f"{receiver.token}\n")
    for old, new in {
        "http://watch:9095": receiver.url,
        "/run/secrets/watch_token": str(tmp_path / "token"),
        "10s": "1s",
        "30s": "1s",
        "5m": "1s",
    }.items():
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "alertmanager.yml").write_text(text)
    url = f"http://127.0.0.1:{port}"
    command = [
        program("prometheus-alertmanager", "alertmanager"),
        f"--config.file={tmp_path / 'alertmanager.yml'}",
        f"--storage.path={tmp_path / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    alert = {key: value for key, value in sent().items() if key in {"labels", "annotations", "generatorURL"}}
    with running(f"{url}/-/ready", tmp_path / "log", command):
        requests.post(f"{url}/api/v2/alerts", json=[alert], timeout=10).raise_for_status()
        wait_for(lambda: [issue.state for issue in issues(hub)] == ["open"])
        ended = datetime.now().astimezone().isoformat()
        requests.post(f"{url}/api/v2/alerts", json=[alert | {"endsAt": ended}], timeout=10).raise_for_status()
        wait_for(lambda: [issue.state for issue in issues(hub)] == ["closed"])
