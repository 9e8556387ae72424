"""The judge's numbers come from the environment."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.errors import SettingsError
from core.settings import SettingsReader
from deploy.judging.policy import Policy

SETTINGS = Path(__file__).resolve().parents[4] / "docs" / "settings.md"


def test_the_defaults_are_those_of_the_class_and_of_the_document() -> None:
    policy = Policy.read(SettingsReader({}))
    assert policy == Policy()
    documented = dict(re.findall(r"^\| `([A-Z_]+)` \| `(\d+)` \|", SETTINGS.read_text(), re.MULTILINE))
    read = {
        "READY_S": policy.ready_s,
        "REPLAY_ROWS": policy.replay_rows,
        "WATCH_S": policy.watch_s,
        "WATCH_INTERVAL_S": policy.interval_s,
    }
    assert {name: float(documented[name]) for name in read} == read


def test_malformed_ones_are_named_at_once() -> None:
    reader = SettingsReader({"WATCH_S": "-1", "REPLAY_ROWS": "many", "READY_S": "0", "WATCH_INTERVAL_S": "0"})
    Policy.read(reader)
    with pytest.raises(SettingsError, match="4 faults"):
        reader.finish()
