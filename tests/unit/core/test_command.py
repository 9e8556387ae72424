"""Command lines: a failure is one sentence on standard error and an exit status, never a traceback."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from core.command import SlipwayGroup, this_python
from core.errors import DatasetError, Fault, SettingsError

# What a command raises, the exit status, what standard error then says.
FAILURES = [
    (DatasetError("data.csv has no rows"), 1, "error: data.csv has no rows\n"),
    (DatasetError("a\x1b[2J\udcff\u202e.csv has no rows"), 1, "error: a\\x1b[2J\\udcff\\u202e.csv has no rows\n"),
    (
        SettingsError("environment", [Fault(place="PORT", problem="missing"), Fault(place="HOST", problem="missing")]),
        1,
        "error: environment: 2 faults\n  PORT: missing\n  HOST: missing\n",
    ),
    (
        ModuleNotFoundError("No module named 'wandb'", name="wandb"),
        1,
        "error: wandb is not installed here; run scripts/setup train\n",
    ),
    (
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "candidate/golden.json"),
        1,
        "error: candidate/golden.json: No space left on device\n",
    ),
    (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), 1, "error: the system: No space left on device\n"),
    (KeyboardInterrupt(), 130, "stopped\n"),
]


def test_this_python_is_called_as_it_lies_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "executable", str(tmp_path / ".venv/bin/python"))
    assert this_python() == ".venv/bin/python"
    monkeypatch.setattr(sys, "executable", "/usr/bin/python3")
    assert this_python() == "/usr/bin/python3"


def run(failure: BaseException | None, *arguments: str) -> Result:
    @click.group(cls=SlipwayGroup)
    def cli() -> None:
        pass

    @cli.command()
    def work() -> None:
        if failure is not None:
            raise failure
        click.echo("done")

    return CliRunner().invoke(cli, arguments or ["work"])


@pytest.mark.parametrize(("failure", "status", "message"), FAILURES)
def test_a_failure_that_a_person_can_mend_is_told_in_a_sentence(
    failure: BaseException, status: int, message: str
) -> None:
    result = run(failure)
    assert (result.exit_code, result.stderr, result.stdout) == (status, message, "")


def test_a_command_that_succeeds_says_what_it_says() -> None:
    result = run(None)
    assert (result.exit_code, result.stderr, result.stdout) == (0, "", "done\n")


def test_a_bug_keeps_its_traceback() -> None:
    failure = ZeroDivisionError("division by zero")
    assert run(failure).exception is failure


def test_a_misspelt_command_is_click_s_to_explain() -> None:
    result = run(None, "wrok")
    assert result.exit_code == 2
    assert "No such command" in result.stderr
