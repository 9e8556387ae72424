"""What every rule says beside its expression."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.rules import HEARTBEAT, RULES, alerts, rules

_RECORDED = re.compile(r"job:[a-z_]+:(?:ratio_)?(?:rate|increase)\d+[mhd]")


@pytest.mark.parametrize(("name", "alert"), sorted(alerts().items()), ids=sorted(alerts()))
def test_every_alert_says_how_bad_it_is_and_what_to_do(name: str, alert: dict[str, Any]) -> None:
    assert alert["labels"].keys() == {"severity", "kind"}
    assert alert["labels"]["severity"] in (["none"] if name == HEARTBEAT else ["page", "ticket"])
    assert alert["annotations"].keys() == {"summary", "remedy", "runbook_url"}
    assert all(text.endswith(".") for key, text in alert["annotations"].items() if key != "runbook_url")
    assert alert["annotations"]["runbook_url"] == f"docs/runbook.md#{name.lower()}"


def test_no_two_rules_have_one_name() -> None:
    names = [rule.get("alert") or rule["record"] for rule in rules()]
    assert len(names) == len(set(names))


def test_what_is_recorded_is_named_by_level_metric_and_operations() -> None:
    recorded = [rule["record"] for rule in rules() if "record" in rule]
    assert recorded
    assert [name for name in recorded if not _RECORDED.fullmatch(name)] == []


def test_everything_that_is_recorded_is_used_and_nothing_else_is() -> None:
    used = {name for rule in rules() for name in re.findall(r"\bjob:\w+:\w+", rule["expr"])}
    assert used == {rule["record"] for rule in rules() if "record" in rule}


def test_no_share_is_of_nothing() -> None:
    for rule in rules():
        # What is divided by is compared with nothing, or is a limit, which is never zero.
        for divisor in re.findall(r"/ (.{12})", rule["expr"]):
            assert divisor.startswith(("(sum by (job", "last_over_ti", "slipway_jour")), rule["expr"]


def test_durations_are_plain_so_that_a_test_may_shorten_them() -> None:
    for path in RULES:
        text = path.read_text()
        assert re.findall(r"(?:\[|for: |interval: |offset )(?!\d+[smhd]\b)\S+", text) == []
