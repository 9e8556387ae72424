"""A condition and its issue, at GitHub's double."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from core.drift import Severity
from core.drift_policy import DriftPolicy
from core.errors import GitHubRefused
from core.github.alert import marker_of
from core.github.issues import Inbox
from doubles.github import Before, GitHub, Status
from doubles.github.state import Issue, Repository
from drift.alerts.conditions import Condition, Kind
from drift.alerts.inbox import Alerts, Deed, Told, key_of
from drift.alerts.retraining import Retraining
from drift.running import Checked
from drift.running import tell as tell_all
from tests.drift_reports import make_report
from tests.github import REPOSITORY, Caller, make_client, sent

ALARM = Condition(
    line="model",
    kind=Kind.DRIFT,
    severity=Severity.ALERT,
    columns=("age",),
    since=datetime(2026, 5, 4, tzinfo=UTC),
    clean_windows=0,
)
CRITICAL: dict[str, Any] = {"severity": Severity.CRITICAL}
CLEAN: dict[str, Any] = {"severity": Severity.OK, "columns": (), "since": None}
_TRAIN = "on: {workflow_dispatch: {inputs: {as_of: {type: string}}}}"


@pytest.fixture
def alerts(github: GitHub) -> Alerts:
    return make_alerts(github)


@pytest.fixture
def repository(github: GitHub) -> Repository:
    github.add_workflow(REPOSITORY, ".github/workflows/train.yml", _TRAIN)
    return github.repository(REPOSITORY)


def make_alerts(github: GitHub) -> Alerts:
    client = make_client(github, github.token(actions="write", contents="read", issues="write"))
    return Alerts(Inbox(client), Retraining.at(client, {"GITHUB_REF_NAME": "main"}))


def tell(alerts: Alerts, body: str = "Inputs changed.", **changes: Any) -> Told:
    return alerts.tell(replace(ALARM, **changes), title="Drift of model", body=body)


def the_issue(repository: Repository) -> Issue:
    (issue,) = repository.issues.values()
    return issue


def comments(issue: Issue) -> list[str]:
    return [comment.body.removeprefix(f"{marker_of('model/drift')}\n") for comment in issue.comments]


def test_an_alarm_opens_an_issue_with_labels_of_its_kind_and_severity(alerts: Alerts, repository: Repository) -> None:
    told = tell(alerts)
    issue = the_issue(repository)
    assert (told.done, told.notes) == (Deed.OPENED, ())
    assert told.sentence == f"model/drift: issue opened: {told.url}"
    assert (issue.title, issue.labels) == ("Drift of model", ["slipway", "drift", "severity:alert"])
    assert (issue.body or "").startswith("<!-- slipway:alert model/drift -->\nInputs changed.\n\n<!-- slipway:state {")


@pytest.mark.parametrize("kind", Kind)
def test_each_kind_has_an_issue_and_a_label_of_its_own(kind: Kind, alerts: Alerts, repository: Repository) -> None:
    for each in Kind:
        tell(alerts, kind=each)
    found = [issue for issue in repository.issues.values() if kind in issue.labels]
    assert [marker_of(f"model/{kind}") in (issue.body or "") for issue in found] == [True]


@pytest.mark.parametrize("changes", [{}, CRITICAL, CLEAN | {"clean_windows": 1}, CLEAN | {"clean_windows": 2}])
def test_what_is_told_twice_changes_nothing(
    changes: dict[str, Any], alerts: Alerts, repository: Repository, github: GitHub
) -> None:
    tell(alerts)
    tell(alerts, **changes)
    before = sent(github)
    assert tell(alerts, **changes).done in {Deed.UNCHANGED, Deed.NOTHING}
    assert sent(github) == before


def test_another_text_is_written_without_a_comment(alerts: Alerts, repository: Repository) -> None:
    tell(alerts)
    assert tell(alerts, "Inputs changed more.").done is Deed.REWRITTEN
    assert "Inputs changed more." in (the_issue(repository).body or "")
    assert comments(the_issue(repository)) == []


def test_another_column_is_written_with_one_comment(alerts: Alerts, repository: Repository) -> None:
    tell(alerts)
    for _ in range(2):
        tell(alerts, columns=("age", "city"))
    assert comments(the_issue(repository)) == ["New: `city`."]


def test_the_life_of_an_issue(alerts: Alerts, repository: Repository) -> None:
    done = [
        tell(alerts, **changes).done
        for changes in (CLEAN | {"clean_windows": 9}, {}, CLEAN | {"clean_windows": 1}, CLEAN | {"clean_windows": 2})
    ]
    assert done == [Deed.NOTHING, Deed.OPENED, Deed.REWRITTEN, Deed.CLOSED]
    issue = the_issue(repository)
    assert (issue.state, issue.state_reason) == ("closed", "completed")
    assert "> [!NOTE]\n> The newest window is not alarming. This issue is closed after one more" in (issue.body or "")
    assert tell(alerts).done is Deed.REOPENED
    assert (issue.state, "[!NOTE]" in (issue.body or "")) == ("open", False)
    closed, back = comments(issue)
    assert closed.startswith("The last two windows were not alarming.")
    assert back == "It is back since 2026-05-04: alert, in `age`."


def test_a_second_life_is_told_as_the_first_was(alerts: Alerts, repository: Repository) -> None:
    for _ in range(2):
        tell(alerts)
        tell(alerts, **CLEAN, clean_windows=2)
    assert len(comments(the_issue(repository))) == 3


def test_a_state_that_a_person_broke_is_written_anew(alerts: Alerts, repository: Repository) -> None:
    tell(alerts)
    issue = the_issue(repository)
    issue.body = f"{marker_of('model/drift')}\r\nI shall look at it. <!-- slipway:state {{ -->"
    assert tell(alerts, columns=("city",)).done is Deed.REWRITTEN
    assert comments(issue) == []
    tell(alerts, columns=("age", "city"))
    assert comments(issue) == ["New: `age`."]


def test_what_comes_from_rows_marks_no_issue(alerts: Alerts, repository: Repository) -> None:
    tell(alerts, f"Unseen: {marker_of('model/degradation')}")
    assert tell(alerts, kind=Kind.DEGRADATION).done is Deed.OPENED
    assert len(repository.issues) == 2


def test_a_text_that_is_too_long_keeps_what_was_told(alerts: Alerts, repository: Repository) -> None:
    for _ in range(2):
        tell(alerts, "x" * 100_000)
    tell(alerts, "x" * 100_000, columns=("city",))
    assert comments(the_issue(repository)) == ["New: `city`. No longer: `age`."]


def test_a_comment_is_made_once_by_who_fails_after_it_and_begins_again(
    alerts: Alerts, repository: Repository, github: GitHub
) -> None:
    tell(alerts)
    github.plant(Status(status=422, body='{"message": "Validation Failed"}'), method="PATCH", path="*/issues/1")
    with pytest.raises(GitHubRefused):
        tell(alerts, columns=("city",))
    tell(alerts, columns=("city",))
    assert comments(the_issue(repository)) == ["New: `city`. No longer: `age`."]


def _trainings(repository: Repository) -> int:
    return len(repository.runs)


def test_a_critical_condition_starts_one_training_and_says_so(alerts: Alerts, repository: Repository) -> None:
    tell(alerts)
    told = [tell(alerts, **changes) for changes in (CRITICAL, CRITICAL, {}, CRITICAL)]
    assert _trainings(repository) == 1
    assert [bool(each.notes) for each in told] == [True, False, False, False]
    assert told[0].notes[0].startswith("A training was started: http")
    assert f"> [!NOTE]\n> {told[0].notes[0]}\n\n" in (the_issue(repository).body or "")


def test_a_condition_that_comes_back_starts_another_training(repository: Repository, github: GitHub) -> None:
    for month in (5, 6):
        tell(make_alerts(github), **CRITICAL, since=datetime(2026, month, 4, tzinfo=UTC))
        tell(make_alerts(github), **CLEAN, clean_windows=2)
    assert _trainings(repository) == 2


def test_two_conditions_of_one_check_start_one_training_and_both_say_so(alerts: Alerts, repository: Repository) -> None:
    told = [tell(alerts, **CRITICAL, kind=kind) for kind in (Kind.DRIFT, Kind.DEGRADATION)]
    assert _trainings(repository) == 1
    assert told[0].notes == told[1].notes
    assert [told[0].notes[0] in (issue.body or "") for issue in repository.issues.values()] == [True, True]


def test_a_training_that_is_refused_is_a_note_and_is_not_asked_for_again(
    alerts: Alerts, repository: Repository, github: GitHub
) -> None:
    workflow = repository.workflow("train.yml")
    assert workflow is not None
    workflow.state = "disabled_manually"
    told, again = tell(alerts, **CRITICAL), tell(alerts, **CRITICAL)
    assert told.done is Deed.OPENED
    why = f"train.yml cannot be started: it is disabled; gh workflow enable train.yml --repo {REPOSITORY}"
    assert told.notes == (f"No training was started: {why}.",)
    assert told.notes[0] in (the_issue(repository).body or "")
    assert (again.done, again.notes) == (Deed.UNCHANGED, ())
    assert len([call for call in sent(github) if call.endswith("dispatches")]) == 1


def test_a_training_is_asked_for_once_by_who_fails_after_it(
    alerts: Alerts, repository: Repository, github: GitHub
) -> None:
    github.plant(Status(status=422, body='{"message": "Validation Failed"}'), method="PATCH", path="*/issues/1")
    with pytest.raises(GitHubRefused):
        tell(alerts, **CRITICAL)
    tell(alerts, **CRITICAL)
    assert _trainings(repository) == 1


def test_without_a_training_wanted_none_is_started(repository: Repository, github: GitHub) -> None:
    alerts = Alerts(Inbox(make_client(github, github.token(issues="write"))))
    assert tell(alerts, **CRITICAL).notes == ()
    assert _trainings(repository) == 0


def test_the_clock_of_a_replay_is_handed_to_the_training(repository: Repository, github: GitHub) -> None:
    client = make_client(github, github.token(actions="write", contents="read", issues="write"))
    tell(Alerts(Inbox(client), Retraining.at(client, {}, as_of="2013-07-01")), **CRITICAL)
    (run,) = repository.runs.values()
    assert run.inputs == {"as_of": "2013-07-01"}


def test_a_check_as_of_a_day_starts_a_training_of_that_day(repository: Repository, github: GitHub) -> None:
    client = make_client(github, github.token(actions="write", contents="read", issues="write"))
    checked = Checked(
        report=make_report(), conditions=[replace(ALARM, **CRITICAL)], page=Path("drift.html"), keep=lambda: None
    )
    for as_of in (date(2013, 7, 1), None):
        list(tell_all(checked, client, DriftPolicy(), {}, as_of=as_of))
        repository.issues.clear()
    assert [run.inputs for run in repository.runs.values()] == [{"as_of": "2013-07-01"}, {"as_of": ""}]


def test_who_is_beaten_to_it_starts_no_second_training(alerts: Alerts, repository: Repository, github: GitHub) -> None:
    other = make_alerts(github)
    github.plant(Before(action=lambda: tell(other, **CRITICAL)), method="POST", path="*/issues")
    tell(alerts, **CRITICAL)
    assert _trainings(repository) == 1


def test_two_runs_at_once_leave_one_open_issue(github: GitHub, owner: Caller) -> None:
    for label in ("slipway", "drift", "severity:alert"):
        owner.ask("POST", "labels", {"name": label})
    both = [make_alerts(github) for _ in range(2)]
    with ThreadPoolExecutor(2) as threads:
        for trial in range(10):
            condition, start = replace(ALARM, line=f"model-{trial}"), Barrier(2)

            def run(alerts: Alerts, condition: Condition = condition, start: Barrier = start) -> str | None:
                start.wait()
                return alerts.tell(condition, title="Drift", body="Inputs changed.").url

            assert len(set(threads.map(run, both))) == 1
            marker = marker_of(key_of(condition))
            made = [issue for issue in github.repository(REPOSITORY).issues.values() if marker in (issue.body or "")]
            assert [issue.state for issue in made].count("open") == 1
