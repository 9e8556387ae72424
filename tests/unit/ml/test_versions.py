"""The next tag, and which tags a model may not have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.bundle import Bundle, file_record
from core.contract import Contract, Task
from core.errors import BundleRefused
from core.manifest import Calibration, Member, Threshold
from core.tags import Bump, ModelTag
from ml.versions import choose_tag, required_bump
from tests.factories import GRAPH_NAME, INTERVALS, make_bundle, make_contract, make_graph

# Published tags, what the change moves, what was asked for, and the tag that comes out.
CHOSEN = [
    ([], Bump.MAJOR, None, "1.0.0"),
    ([], Bump.MAJOR, "0.3.0", "0.3.0"),
    (["1.0.0"], Bump.PATCH, None, "1.0.1"),
    (["1.0.0"], Bump.MINOR, None, "1.1.0"),
    (["1.0.0"], Bump.MAJOR, None, "2.0.0"),
    (["1.9.0", "1.10.0", "1.2.7"], Bump.MINOR, None, "1.11.0"),
    (["1.2.3"], Bump.MINOR, "1.7.0", "1.7.0"),
    (["1.2.3"], Bump.PATCH, "1.3.0", "1.3.0"),
    (["1.2.3"], Bump.MAJOR, "3.0.0", "3.0.0"),
]

# Published tags, what the change moves, what was asked for, and words of the refusal.
REFUSED = [
    (["1.0.0"], Bump.MINOR, "1.0.0", "model-v1.0.0 does not come after model-v1.0.0, the newest published tag"),
    (["1.2.0", "1.10.0"], Bump.MINOR, "1.9.0", "model-v1.9.0 does not come after model-v1.10.0"),
    (["1.2.3"], Bump.MAJOR, "1.3.0", "the contract changed since model-v1.2.3, so the tag is model-v2.0.0"),
    (["1.2.3"], Bump.MINOR, "2.0.0", "the contract did not change since model-v1.2.3, so the tag is model-v1.3.0"),
    (
        ["1.0.0"],
        Bump.MINOR,
        "1.0.1",
        "the scores changed since model-v1.0.0, so the tag is model-v1.1.0, not model-v1.0.1",
    ),
    (["1.2.3"], Bump.PATCH, "2.0.0", "so the tag is model-v1.2.4, not model-v2.0.0"),
]


def _tag(text: str) -> ModelTag:
    return ModelTag.parse(f"model-v{text}")


def _wanted(text: str | None) -> ModelTag | None:
    return None if text is None else _tag(text)


@pytest.mark.parametrize(("published", "bump", "wanted", "chosen"), CHOSEN)
def test_the_tag_follows_from_the_newest_and_the_change(
    published: list[str], bump: Bump, wanted: str | None, chosen: str
) -> None:
    assert choose_tag([_tag(text) for text in published], bump=bump, wanted=_wanted(wanted)) == _tag(chosen)


@pytest.mark.parametrize(("published", "bump", "wanted", "words"), REFUSED)
def test_a_tag_that_does_not_fit_is_refused(published: list[str], bump: Bump, wanted: str, words: str) -> None:
    with pytest.raises(BundleRefused) as caught:
        choose_tag([_tag(text) for text in published], bump=bump, wanted=_tag(wanted))
    assert words in str(caught.value)


# The factory's.
THRESHOLD = Threshold(value=0.6, rule="a test's")


def _bump(newest: Bundle | None, **changes: Any) -> Bump:
    """What a model moves that differs from the factory's bundle only where told."""
    contract: Contract = changes.get("contract", make_contract())
    weight: float = changes.get("weight", 1.0)
    return required_bump(
        newest,
        contract,
        (Member(name="linear", file=GRAPH_NAME, weight=weight),),
        changes.get("calibration", Calibration(method="identity")),
        changes.get("threshold", THRESHOLD),
        {GRAPH_NAME: file_record(changes.get("graph", make_graph()))},
        intervals=changes.get("intervals"),
    )


def test_the_first_model_is_a_major_version() -> None:
    assert _bump(None) is Bump.MAJOR


def test_another_contract_is_a_major_version(tmp_path: Path) -> None:
    assert _bump(make_bundle(tmp_path / "bundle"), contract=make_contract(Task.REGRESSION)) is Bump.MAJOR


def test_the_same_model_is_a_patch(tmp_path: Path) -> None:
    assert _bump(make_bundle(tmp_path / "bundle")) is Bump.PATCH


@pytest.mark.parametrize(
    "change",
    [{"graph": make_graph(slope=0.5)}, {"weight": 0.5}, {"calibration": Calibration(method="sigmoid")}],
    ids=["graph", "weight", "calibration"],
)
def test_a_model_that_scores_otherwise_is_a_minor_version(change: dict[str, Any], tmp_path: Path) -> None:
    assert _bump(make_bundle(tmp_path / "bundle"), **change) is Bump.MINOR


def test_other_intervals_are_a_minor_version(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "bundle", Task.REGRESSION)
    same: dict[str, Any] = {
        "contract": make_contract(Task.REGRESSION), "threshold": None, "graph": make_graph(Task.REGRESSION)
    }  # fmt: skip
    assert _bump(bundle, **same, intervals=INTERVALS) is Bump.PATCH
    assert _bump(bundle, **same, intervals=msgspec.structs.replace(INTERVALS, level=0.8)) is Bump.MINOR


def test_another_threshold_is_a_minor_version(tmp_path: Path) -> None:
    moved = Threshold(value=0.5, rule="a test's")
    assert _bump(make_bundle(tmp_path / "bundle"), threshold=moved) is Bump.MINOR
