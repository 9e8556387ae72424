"""Programs that outlive who starts them, with real processes."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.platforms.detached import Detached
from tests.one_host import wait_for

# A master with one worker; both know no mercy if told so.
PROGRAM = """
import os, signal, sys, time
worker = os.fork()
if "stubborn" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
elif worker:
    signal.signal(signal.SIGTERM, lambda *_: (os.kill(worker, signal.SIGKILL), os.wait(), sys.exit(0)))
print("up", os.getpid(), flush=True)
time.sleep(60)
"""


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Detached]:
    program = Detached(str(tmp_path / "mark"), tmp_path / "log")
    yield program
    program.stop(within_s=0)


def start(program: Detached, folder: Path, *words: str) -> None:
    command = [sys.executable, "-c", PROGRAM, "--pid", str(folder / "mark"), *words]
    program.start(command, folder=folder, environment={"MODEL_TAG": "model-v1.0.0"})
    wait_for(lambda: program.said().count("up") == 2)


def test_it_is_found_by_its_mark_with_all_its_processes_and_what_it_was_told(program: Detached, tmp_path: Path) -> None:
    assert (program.processes(), program.variable("MODEL_TAG"), program.said()) == ([], "", "")

    start(program, tmp_path)

    again = Detached(str(tmp_path / "mark"), tmp_path / "log")
    assert len(again.processes()) == 2
    assert (again.variable("MODEL_TAG"), again.variable("MODEL")) == ("model-v1.0.0", "")
    assert {os.getsid(pid) for pid in again.processes()} != {os.getsid(0)}
    assert Detached(str(tmp_path / "mar"), tmp_path / "log").processes() == []


def test_its_master_is_asked_to_end_and_ends_its_worker(program: Detached, tmp_path: Path) -> None:
    start(program, tmp_path)

    assert program.stop(within_s=20)
    assert program.processes() == []
    assert program.stop(within_s=0)


def test_one_that_does_not_end_is_killed(program: Detached, tmp_path: Path) -> None:
    start(program, tmp_path, "stubborn")

    assert program.stop(within_s=0.2)
    assert program.processes() == []


def test_a_worker_whose_master_was_killed_is_still_found(program: Detached, tmp_path: Path) -> None:
    start(program, tmp_path)
    running = program.processes()

    os.kill(min(running), signal.SIGKILL)

    wait_for(lambda: len(program.processes()) == 1)
    assert program.stop(within_s=20)


def test_what_has_just_been_started_has_not_died(tmp_path: Path) -> None:
    programs = [Detached(str(tmp_path / f"mark{number}"), tmp_path / "log") for number in range(20)]
    try:
        for number, program in enumerate(programs):
            command = [sys.executable, "-c", PROGRAM, "--pid", str(tmp_path / f"mark{number}")]
            program.start(command, folder=tmp_path, environment={})
            assert not program.has_died()
    finally:
        for program in programs:
            program.stop(within_s=0)
    assert all(program.has_died() for program in programs)
