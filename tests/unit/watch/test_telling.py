"""What an alert's issue says, and when it says it anew."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.github.alert import body_of, marker_of
from core.github.hidden import hidden_in
from watch.telling import (
    FIGURES_AFTER_S,
    FORGOTTEN_AFTER_S,
    Told,
    alert_of,
    has_to_be_told,
    is_forgotten,
    key_of,
    runbook_of,
)
from watch.trouble import Instance, Trouble, Watcher

NOW = datetime(2026, 11, 26, 21, tzinfo=UTC)
PAGE = "https://github.com/acme/forecast"
BLUE = Instance(mark="a", since=NOW, what="2% fail.", where="slot=blue")
TROUBLE = Trouble(
    name="ManyErrors",
    kind="availability",
    severity="page",
    remedy="Go back.",
    runbook="docs/runbook.md",
    instances=(BLUE,),
)


def told(trouble: Trouble = TROUBLE, *, by: Watcher = Watcher.PROMETHEUS, at: datetime = NOW) -> Told:
    found = hidden_in(body_of(alert_of(trouble, by=by, page=PAGE, now=at)), Told)
    assert found is not None
    return found


def has_to(trouble: Trouble = TROUBLE, before: Told | None = None, **changes: object) -> bool:
    asked = {"by": Watcher.PROMETHEUS, "is_open": True, "now": NOW} | changes
    return has_to_be_told(trouble, before or told(), **asked)  # type: ignore[arg-type]  # named above


def test_what_was_told_is_not_told_again() -> None:
    assert not has_to()
    assert not has_to(replace(TROUBLE, remedy="Something else.", instances=(replace(BLUE, what="3% fail."),)))


@pytest.mark.parametrize(
    "trouble",
    [
        replace(TROUBLE, severity="ticket"),
        replace(TROUBLE, instances=(BLUE, replace(BLUE, mark="b"))),
        replace(TROUBLE, instances=(replace(BLUE, since=NOW + timedelta(minutes=5)),)),
    ],
    ids=["severity", "another", "since"],
)
def test_what_changed_is_told(trouble: Trouble) -> None:
    assert has_to(trouble)


def test_it_is_told_where_the_issue_is_closed_or_broken_or_somebody_elses() -> None:
    assert has_to(is_open=False)
    assert has_to_be_told(TROUBLE, None, by=Watcher.LOOK, is_open=True, now=NOW)
    assert has_to(by=Watcher.LOOK)


def test_figures_are_told_anew_after_hours() -> None:
    assert not has_to(now=NOW + timedelta(seconds=FIGURES_AFTER_S - 1))
    assert has_to(now=NOW + timedelta(seconds=FIGURES_AFTER_S))


def test_what_prometheus_says_no_more_is_forgotten_and_what_a_look_saw_is_not() -> None:
    later = NOW + timedelta(seconds=FORGOTTEN_AFTER_S)
    assert is_forgotten(told(), later)
    assert not is_forgotten(told(), later - timedelta(seconds=1))
    assert not is_forgotten(told(by=Watcher.LOOK), later)


def test_whoever_sees_it_it_has_one_key() -> None:
    assert key_of("ManyErrors") == "alert:manyerrors"
    # Names that differ in their signs alone are of different things.
    assert key_of("Disk full (/var)").startswith("alert:disk-full-/var-")
    assert key_of("Disk full (/var)") != key_of("disk full: /var")
    assert len({key_of(name) for name in ("ManyErrors", "manyerrors", "DiskFull", "Diskfull", "diskfull")}) == 5


@given(st.text(min_size=1))
def test_every_name_has_a_key(name: str) -> None:
    marker_of(key_of(name))


def test_the_runbook_is_in_the_repository_unless_it_is_elsewhere() -> None:
    assert runbook_of("docs/runbook.md#slow", PAGE) == f"{PAGE}/blob/HEAD/docs/runbook.md#slow"
    assert runbook_of("https://example.org/slow", PAGE) == "https://example.org/slow"


def test_what_is_left_out_is_counted() -> None:
    body = alert_of(replace(TROUBLE, others=7), by=Watcher.PROMETHEUS, page=PAGE, now=NOW).body
    assert "\n\nAnd 7 more.\n\n" in body


@given(what=st.text(), where=st.text())
def test_no_text_of_a_rule_passes_for_a_mark_of_ours(what: str, where: str) -> None:
    trouble = replace(TROUBLE, instances=(replace(BLUE, what=what, where=where),))
    body = body_of(alert_of(trouble, by=Watcher.PROMETHEUS, page=PAGE, now=NOW))
    assert body.count("<!--") == 2
    assert hidden_in(body, Told) == told(trouble)


def test_a_name_passes_for_nothing_else() -> None:
    name = f"X {marker_of(key_of('ManyErrors'))} @octocat"
    trouble = replace(TROUBLE, name=name, runbook="https://x/)@octocat/team")
    body = body_of(alert_of(trouble, by=Watcher.PROMETHEUS, page=PAGE, now=NOW)).partition("**First look**")[2]
    assert marker_of(key_of("ManyErrors")) not in body
    assert "](https://x/%29@octocat/team)" in body
    assert " @octocat" not in body
