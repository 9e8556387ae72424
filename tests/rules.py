"""The rules of monitoring/rules and their tests, as Prometheus reads them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ruamel.yaml import YAML

from tests.commands import ROOT

MONITORING = ROOT / "monitoring"
RULES = sorted((MONITORING / "rules").glob("*.yml"))
TESTS = sorted((MONITORING / "tests").glob("*.yml"))
# It always fires, and is to.
HEARTBEAT = "Heartbeat"


def rules() -> Iterator[dict[str, Any]]:
    """Every rule, recording or alerting."""
    for path in RULES:
        for group in YAML(typ="safe").load(path)["groups"]:
            yield from group["rules"]


def alerts() -> dict[str, dict[str, Any]]:
    """The alerts by name."""
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def cases() -> Iterator[dict[str, Any]]:
    """Every case that promtool plays through."""
    for path in TESTS:
        yield from YAML(typ="safe").load(path)["tests"]
