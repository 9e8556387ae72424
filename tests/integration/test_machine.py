"""`.ci/machine`, which lets the tests mount a small disk on GitHub's machines."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.commands import ROOT


@pytest.mark.parametrize(
    ("user", "may_mount", "variables", "asked"),
    [
        (1001, False, {}, "--non-interactive sysctl --write kernel.apparmor_restrict_unprivileged_userns=0\n"),
        (1001, True, {}, ""),
        (0, False, {}, ""),
        (1001, False, {"ACT": "true"}, ""),
    ],
    ids=["a user who may not mount", "a user who may", "root", "somebody's own machine"],
)
def test_the_kernel_is_asked_only_where_it_is_needed(
    tmp_path: Path, user: int, *, may_mount: bool, variables: dict[str, str], asked: str
) -> None:
    programs = {
        "id": f"echo {user}",
        "unshare": f"exit {int(not may_mount)}",
        "sudo": f'echo "$@" >> {tmp_path}/asked',
    }
    (tmp_path / "asked").touch()
    for name, line in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{line}\n")
        (tmp_path / name).chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"} | variables
    subprocess.run([str(ROOT / ".ci/machine")], env=environment, check=True, timeout=10)
    assert (tmp_path / "asked").read_text() == asked
