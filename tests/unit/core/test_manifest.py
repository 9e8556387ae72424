"""The manifest: written and read without loss, refused when it is newer or broken."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from core.contract import Task
from core.errors import ManifestError, UnsupportedFormat
from core.manifest import FORMAT, Manifest, Window, parse_manifest
from tests.factories import make_contract, make_manifest

# What is broken, how, and the place and the words of the fault.
BROKEN: list[tuple[str, Callable[[dict[str, Any]], object], str, str]] = [
    ("no tag", lambda m: m.pop("tag"), "content", "missing required field `tag`"),
    ("a tag that is none", lambda m: m.update(tag="latest"), "tag", "'latest' is not a model tag"),
    ("no format", lambda m: m.pop("format"), "content", "missing required field `format`"),
    ("a format that is a text", lambda m: m.update(format="1"), "format", "Expected `int`, got `str`"),
    ("an older format", lambda m: m.update(format=1), "format", "takes 2 to 3, found 1; an older Slipway"),
    ("a key of nobody's", lambda m: m["contract"].update(colour=1), "contract.colour", "unknown key"),
    ("a field of nobody's", lambda m: m.update(colour="red"), "content", "unknown field `colour`"),
    ("a time without a zone", lambda m: m.update(created_at="2026-04-01T12:00:00"), "created_at", "timezone"),
    ("a time that is none", lambda m: m.update(created_at="today"), "created_at", "RFC3339"),
    ("a weight that is a text", lambda m: m["members"][0].update(weight="1"), "members[0].weight", "Expected `float`"),
    ("no size", lambda m: m["files"].update(a={"sha256": "0"}), "files[...]", "missing required field `size_bytes`"),
    ("no features", lambda m: m["contract"].update(features=[]), "contract.features", "needs at least one"),
    ("a task of nobody's", lambda m: m["contract"]["target"].update(task="rank"), "contract.target.task", "binary"),
]


def written(task: Task = Task.BINARY) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(make_manifest(make_contract(task)).to_json())
    return values


def parse(values: object) -> Manifest:
    return parse_manifest(json.dumps(values).encode(), source="manifest.json")[0]


@pytest.mark.parametrize("task", Task)
def test_a_written_manifest_is_read_back_with_its_contract(task: Task) -> None:
    manifest = make_manifest(make_contract(task))
    assert parse_manifest(manifest.to_json(), source="manifest.json") == (manifest, make_contract(task))


def test_a_manifest_that_was_read_is_written_byte_for_byte_as_it_was() -> None:
    data = make_manifest(make_contract()).to_json()
    assert parse_manifest(data, source="manifest.json")[0].to_json() == data


@pytest.mark.parametrize(("change", "place", "problem"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_a_broken_manifest_is_named_with_the_place_that_is_wrong(
    change: Callable[[dict[str, Any]], object], place: str, problem: str
) -> None:
    values = written()
    change(values)
    with pytest.raises(ManifestError) as caught:
        parse(values)
    assert caught.value.source == "manifest.json"
    assert caught.value.faults[0].place == place
    assert problem in caught.value.faults[0].problem


def test_all_faults_of_the_contract_are_reported_at_once() -> None:
    values = written()
    values["contract"]["features"][0]["low"] = 500
    values["contract"]["features"][1]["categories"] = []
    with pytest.raises(ManifestError) as caught:
        parse(values)
    assert len(caught.value.faults) == 2


@pytest.mark.parametrize("found", [FORMAT + 1, FORMAT + 2**40])
def test_a_manifest_of_a_newer_format_is_unsupported(found: int) -> None:
    with pytest.raises(UnsupportedFormat) as caught:
        parse(written() | {"format": found})
    assert (caught.value.found, caught.value.supported) == (found, FORMAT)


def test_a_newer_manifest_is_unsupported_whatever_else_it_holds() -> None:
    with pytest.raises(UnsupportedFormat):
        parse({"format": FORMAT + 1, "layout": "of tomorrow"})


def test_a_manifest_of_the_format_before_has_no_intervals() -> None:
    older = written(Task.REGRESSION) | {"format": 2}
    del older["intervals"]
    assert parse(older).intervals is None


def test_the_run_of_a_manifest_is_named_by_its_time_and_data() -> None:
    manifest = make_manifest(make_contract(), created_at=datetime(2026, 4, 1, 12, 30, 5, tzinfo=UTC))
    assert manifest.wandb_run_id == "20260401-123005-11111111"


def test_members_know_the_rows_of_training_and_validation() -> None:
    parts = {"train": Window(rows=70, start="2026-01-01", end="2026-02-01"),
             "validation": Window(rows=15, start="2026-02-02", end="2026-03-01")}  # fmt: skip
    lineage = replace(make_manifest(make_contract()).lineage, **parts)
    assert lineage.fitted == Window(rows=85, start="2026-01-01", end="2026-03-01")
