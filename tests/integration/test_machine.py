"""`.ci/machine`, which makes GitHub's machines ready for the tests."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.commands import ROOT

SYSCTL = "--non-interactive sysctl --write kernel.apparmor_restrict_unprivileged_userns=0"
PACKAGES = "buildah debian-archive-keyring mmdebstrap prometheus prometheus-alertmanager wrk"
INSTALL = [
    "--non-interactive apt-get update -qq",
    f"--non-interactive apt-get install -qq -y --no-install-recommends {PACKAGES}",
]


@pytest.mark.parametrize(
    ("user", "may_mount", "variables", "asked"),
    [
        (1001, False, {}, [SYSCTL, *INSTALL]),
        (1001, True, {}, INSTALL),
        (0, False, {}, []),
        (1001, False, {"ACT": "true"}, []),
    ],
    ids=["a user who may not mount", "a user who may", "root", "somebody's own machine"],
)
def test_the_machine_is_changed_only_where_it_is_needed(
    tmp_path: Path, user: int, *, may_mount: bool, variables: dict[str, str], asked: list[str]
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
    assert (tmp_path / "asked").read_text().splitlines() == asked
