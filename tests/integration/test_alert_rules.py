"""Every alert, played through by promtool: it fires, it does not where it should not, it ends once that is mended."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.needs import lacking
from tests.rules import HEARTBEAT, MONITORING, RULES, TESTS, alerts, cases, rules

_FIRING = re.compile(r'count\(ALERTS\{alertname="(\w+)",alertstate="firing"\}\)')
_UNITS = {"m": 1, "h": 60}


class Look(NamedTuple):
    """A moment of a case, in minutes, and whether an alert is to fire then."""

    minute: int
    fires: bool


def promtool(*arguments: str) -> str:
    program = shutil.which("promtool") or lacking("promtool is not installed", "apt-get install prometheus")
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def played() -> dict[str, list[list[Look]]]:
    """For each alert what is looked at in each of its cases, in the order of time."""
    found: dict[str, list[list[Look]]] = {}
    for case in cases():
        looks: dict[str, list[Look]] = {}
        for each in case["promql_expr_test"]:
            name = _FIRING.fullmatch(each["expr"])
            assert name, each["expr"]
            at = each["eval_time"]
            looks.setdefault(name[1], []).append(Look(int(at[:-1]) * _UNITS[at[-1]], bool(each.get("exp_samples"))))
        for name_of, moments in looks.items():
            found.setdefault(name_of, []).append(sorted(moments))
    return found


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_promtool_takes_the_rules(path: Path) -> None:
    promtool("check", "rules", "--lint-fatal", str(path))


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_every_alert_fires_when_it_should_and_not_otherwise(path: Path) -> None:
    assert "SUCCESS" in promtool("test", "rules", str(path))


def test_prometheus_reads_every_file_of_rules(tmp_path: Path) -> None:
    shutil.copytree(MONITORING / "rules", tmp_path / "rules")
    shutil.copy(MONITORING / "prometheus.yml", tmp_path)
    said = promtool("check", "config", str(tmp_path / "prometheus.yml"))
    assert sum(map(int, re.findall(r"(\d+) rules found", said))) == len(list(rules()))


@pytest.mark.parametrize("name", sorted(alerts()))
def test_every_alert_is_played_through(name: str) -> None:
    histories = played()[name]
    assert any(look.fires for looks in histories for look in looks), f"{name} is never seen to fire"
    if name != HEARTBEAT:
        assert any(not any(look.fires for look in looks) for looks in histories), f"{name} is never seen to hold still"
        assert any(any(look.fires for look in looks) and not looks[-1].fires for looks in histories), (
            f"{name} is never seen to be over"
        )


def test_nothing_is_played_through_that_is_no_alert() -> None:
    assert set(played()) == set(alerts())
