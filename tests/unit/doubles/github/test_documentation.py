from __future__ import annotations

import re
from typing import Any, get_args

import pytest
import requests

from doubles.github import AnswerLost, GitHub
from doubles.github.control import Desk
from doubles.github.faults import Faults, RemoteFault
from doubles.github.records import Records
from tests.commands import ROOT
from tests.documents import blocks
from tests.github import Caller

DOCUMENT = ROOT / "docs/github-double.md"
PAGE = DOCUMENT.read_text()


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


def test_the_page_shows_of_the_double_what_it_has(github: GitHub) -> None:
    shown = set(re.findall(r"\bgithub\.([a-z_]+)", PAGE))
    assert {"plant", "calls", "leaks"} <= shown
    assert [name for name in shown if not hasattr(github, name)] == []


def test_the_test_that_the_page_shows_passes(github: GitHub, owner: Caller) -> None:
    (block,) = blocks(DOCUMENT, "python")
    source = block.replace("...  # call", "_call(owner)  # call")
    assert source != block
    names: dict[str, Any] = {"GitHub": GitHub, "Caller": Caller, "AnswerLost": AnswerLost, "_call": _upload_twice}
    exec(source, names)  # noqa: S102  # a block of our own document
    names["test_a_release_is_published_once"](github, owner)


def _upload_twice(owner: Caller) -> None:
    """As a client does whose first answer was lost: ask again, learn that it is there, and begin anew."""
    draft = owner.draft()
    with pytest.raises(requests.ConnectionError):
        owner.upload(draft)
    owner.upload(draft)
    owner.upload(draft, name="another.json")
