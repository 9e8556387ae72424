from __future__ import annotations

import re
from typing import get_args

from doubles.github import GitHub
from doubles.github.control import Desk
from doubles.github.faults import Faults, RemoteFault
from doubles.github.records import Records
from tests.commands import ROOT

PAGE = (ROOT / "docs" / "github-double.md").read_text()


def test_every_control_route_is_documented(github: GitHub) -> None:
    documented = {path.replace("{owner}/{repo}", "acme/forecast").replace("{id}", "1") for path in paths()}
    desk = Desk(github.world, Records(), Faults())
    patterns = {pattern for _, pattern, _ in desk.routes}
    assert {pattern for pattern in patterns if not any(re.fullmatch(pattern, path) for path in documented)} == set()
    assert {path for path in documented if not any(re.fullmatch(pattern, path) for pattern in patterns)} == set()


def test_every_kind_of_fault_is_documented() -> None:
    for fault in get_args(RemoteFault):
        assert f"| `{fault.__name__}(" in PAGE
        assert f"`{fault.__struct_config__.tag}`:" in PAGE


def paths() -> list[str]:
    return re.findall(r"`(?:[A-Z]+ )?/_double/([^`]*)`", PAGE)
