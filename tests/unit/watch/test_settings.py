"""What the watch reads from the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import SettingsError
from watch.settings import ReceiverSettings

TOKEN = {"WATCH_TOKEN": "a-token-of-a-test"}


def test_it_listens_on_this_machine_and_tells_in_the_log() -> None:
    settings = ReceiverSettings.from_env(TOKEN)
    assert (settings.host, settings.port, settings.alerts) == ("127.0.0.1", 9095, None)
    assert settings.token not in repr(settings)


def test_the_token_may_lie_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{TOKEN['WATCH_TOKEN']}\n")
    settings = ReceiverSettings.from_env({"WATCH_TOKEN_FILE": str(tmp_path / "token")})
    assert settings.token == TOKEN["WATCH_TOKEN"]


def test_a_file_without_a_token_in_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "token").touch()
    with pytest.raises(SettingsError) as caught:
        ReceiverSettings.from_env({"WATCH_TOKEN_FILE": str(tmp_path / "token")})
    assert [fault.place for fault in caught.value.faults] == ["WATCH_TOKEN_FILE"]


def test_every_fault_is_named_at_once_and_no_token_shown(tmp_path: Path) -> None:
    wrong = {
        "WATCH_TOKEN": "short",
        "WATCH_TOKEN_FILE": str(tmp_path / "none"),
        "WATCH_PORT": "0",
        "WATCH_ALERTS": "acme/forecast",
        "LOG_LEVEL": "loud",
    }
    with pytest.raises(SettingsError) as caught:
        ReceiverSettings.from_env(wrong)
    places = [fault.place for fault in caught.value.faults]
    assert sorted(places) == sorted(wrong)
    assert "short" not in str(caught.value)
    assert "names a file that can be read (FileNotFoundError)" in str(caught.value)
