"""The error tree: drawn as it is, every message a sentence that says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import errors
from core.errors import (
    CorruptArtifact,
    Fault,
    Faults,
    PortBusy,
    SettingsError,
    SlipwayError,
    TagTaken,
    UnknownTag,
    UnsupportedFormat,
)

MESSAGES = [
    (
        UnknownTag("model-v9.0.0", ["model-v1.0.0", "model-v1.1.0"]),
        "model-v9.0.0 is not in the registry: it holds model-v1.0.0, model-v1.1.0",
    ),
    (
        UnknownTag("model-v9.0.0", []),
        "model-v9.0.0 is not in the registry: it is empty; scripts/train fills it",
    ),
    (
        TagTaken("model-v1.0.0"),
        "model-v1.0.0 is already published and cannot be overwritten; train again to get the next tag",
    ),
    (
        CorruptArtifact(Path("registry/model-v1.0.0/golden.json"), "missing"),
        (
            "registry/model-v1.0.0/golden.json: missing; "
            "restore registry/model-v1.0.0 from a good copy, or serve another tag"
        ),
    ),
    (
        UnsupportedFormat("manifest.json", found=3, supported=1),
        "manifest.json: bundle format 3, this Slipway reads up to 1; upgrade Slipway or serve an older tag",
    ),
    (
        PortBusy("127.0.0.1", 8000),
        "port 8000 on 127.0.0.1 is in use; stop that process or set PORT to a free one",
    ),
]


def drawn_tree() -> dict[str, str]:
    """Each class of the drawing in the module's docstring, and the class it hangs from."""
    parents: dict[str, str] = {}
    branch = ["SlipwayError"]
    for line in (errors.__doc__ or "").splitlines():
        if "─ " in line:
            lead, _, rest = line.partition("─ ")
            depth = (len(lead) + 2) // 4
            name = rest.split()[0]
            parents[name] = branch[depth - 1]
            branch[depth:] = [name]
    return parents


def real_tree(root: type[SlipwayError] = SlipwayError) -> dict[str, str]:
    parents: dict[str, str] = {}
    for error in root.__subclasses__():
        if error.__module__ == errors.__name__:
            parents |= {error.__name__: root.__name__} | real_tree(error)
    return parents


def test_the_tree_is_drawn_as_it_is() -> None:
    assert drawn_tree() == real_tree()


@pytest.mark.parametrize(("error", "message"), MESSAGES, ids=[type(error).__name__ for error, _ in MESSAGES])
def test_a_message_says_what_happened_and_what_to_do(error: SlipwayError, message: str) -> None:
    assert str(error) == message


def test_one_fault_is_told_in_one_line() -> None:
    error = SettingsError("environment", [Fault(place="PORT", problem="takes a port, found 'x'")])
    assert str(error) == "environment: PORT: takes a port, found 'x'"


def test_several_faults_are_counted_and_listed() -> None:
    error = Faults("model.toml", (Fault(place=place, problem="missing") for place in ("a", "b")))
    assert str(error) == "model.toml: 2 faults\n  a: missing\n  b: missing"
    assert [fault.place for fault in error.faults] == ["a", "b"]
