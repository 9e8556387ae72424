"""Bundles: written whole, and read only when every byte and every rule holds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.bundle import (
    CARD_NAME,
    GOLDEN_NAME,
    REFERENCE_NAME,
    Bundle,
    file_record,
    write_bundle,
)
from core.contract import Task
from core.documents import to_json
from core.errors import CorruptArtifact, RegistryError, UnsupportedFormat
from core.manifest import FORMAT, MANIFEST_NAME, Calibration, CalibrationCurve, Member
from tests.factories import (
    GOLDEN_INPUTS,
    GRAPH_NAME,
    make_bundle,
    make_contract,
    make_graph,
    make_manifest,
    make_reference,
)

CURVE = CalibrationCurve(raw=(0.0, 1.0), calibrated=(0.1, 0.9))
A_FILE = {"sha256": "0" * 64, "size_bytes": 1}

# What a manifest of a binary bundle gets wrong, and the fault that is named.
INCONSISTENT: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (lambda m: m["files"].update({"../golden.json": A_FILE}), "files.../golden.json: not a plain file name"),
    (lambda m: m["files"].update({"/etc/passwd": A_FILE}), "files./etc/passwd: not a plain file name"),
    (lambda m: m["files"].update({".hidden": A_FILE}), "files..hidden: not a plain file name"),
    (lambda m: m["files"].update({"a\nb": A_FILE}), "files.a\nb: not a plain file name"),
    (lambda m: m["files"].update({"n" * 101: A_FILE}), "not a plain file name"),
    (lambda m: m["files"].update({MANIFEST_NAME: A_FILE}), "files.manifest.json: not a plain file name"),
    (lambda m: m["files"].pop(GOLDEN_NAME), "files: golden.json is missing"),
    (lambda m: m["files"].pop(REFERENCE_NAME), "files: reference.json is missing"),
    (lambda m: m["files"].pop(CARD_NAME), "files: MODEL_CARD.md is missing"),
    (lambda m: m["files"].pop(GRAPH_NAME), f"files: {GRAPH_NAME} is missing"),
    (lambda m: m.update(members=[]), "members: weights must be above 0 and add up to 1"),
    (lambda m: m["members"][0].update(weight=0.9), "members: weights must be above 0 and add up to 1"),
    (lambda m: m["members"].append(m["members"][0]), "members: weights must be above 0 and add up to 1"),
    (
        lambda m: m["calibration"].update(curves=[{"raw": [0, 1], "calibrated": [0, 1]}] * 3),
        "calibration.curves: takes 1, found 3",
    ),
    (
        lambda m: m["calibration"].update(curves=[{"raw": [0, 1], "calibrated": [0]}]),
        "calibration.curves[0]: needs rising knots, one value each",
    ),
    (
        lambda m: m["calibration"].update(curves=[{"raw": [0, 1, 1], "calibrated": [0, 1, 1]}]),
        "calibration.curves[0]: needs rising knots",
    ),
    (
        lambda m: m["calibration"].update(curves=[{"raw": [], "calibrated": []}]),
        "calibration.curves[0]: needs rising knots",
    ),
    (
        lambda m: m["members"].extend([m["members"][0] | {"weight": 0.5}, m["members"][0] | {"weight": -0.5}]),
        "members: weights must be above 0",
    ),
    (
        lambda m: m["calibration"].update(curves=[{"raw": [0, 1], "calibrated": [0, 1.5]}]),
        "calibration.curves[0]: takes probabilities from 0 to 1",
    ),
    (lambda m: m["threshold"].update(value=1.2), "threshold.value: takes a probability from 0 to 1"),
    (lambda m: m.update(threshold=None), "threshold: belongs to binary targets, and to them only"),
    (lambda m: m["contract"]["target"].update(name=""), "contract.target.name: takes 1 to 100 printable"),
    (lambda m: m.update(tag="newest"), "tag: 'newest' is not a model tag"),
]


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return make_bundle(tmp_path / "bundle")


def change_manifest(directory: Path, change: Callable[[dict[str, Any]], object]) -> None:
    values = json.loads((directory / MANIFEST_NAME).read_bytes())
    change(values)
    (directory / MANIFEST_NAME).write_text(json.dumps(values))


@pytest.mark.parametrize("task", Task)
def test_a_bundle_is_read_as_it_was_written(task: Task, tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "bundle", task)
    assert bundle.contract == make_contract(task)
    assert bundle.manifest == make_manifest(make_contract(task), files=bundle.manifest.files)
    assert bundle.files[GRAPH_NAME] == make_graph(task)
    assert bundle.reference() == make_reference()
    assert [golden.row for golden in bundle.golden().rows] == list(GOLDEN_INPUTS)


def test_a_bundle_may_have_several_members_and_a_curve(tmp_path: Path) -> None:
    members = (Member(name="linear", file=GRAPH_NAME, weight=0.3), Member(name="twin", file=GRAPH_NAME, weight=0.7))
    bundle = make_bundle(tmp_path / "b", members=members, calibration=Calibration(method="isotonic", curves=(CURVE,)))
    assert bundle.manifest.members == members


def test_writing_gives_the_manifest_with_the_records_of_the_files(tmp_path: Path) -> None:
    manifest = write_bundle(tmp_path, make_manifest(make_contract()), {"notes.txt": b"abc"})
    assert manifest.files == {"notes.txt": file_record(b"abc")}
    assert (tmp_path / MANIFEST_NAME).read_bytes() == manifest.to_json()


def test_a_record_is_the_checksum_and_the_size_of_a_file() -> None:
    record = file_record(b"abc")
    assert (record.sha256, record.size_bytes) == (hashlib.sha256(b"abc").hexdigest(), 3)


def test_the_same_bundle_is_written_with_the_same_bytes(tmp_path: Path) -> None:
    first, second = make_bundle(tmp_path / "first"), make_bundle(tmp_path / "second")
    assert first.files == second.files
    assert first.manifest.to_json() == second.manifest.to_json()


def test_a_bundle_keeps_the_bytes_that_were_checked(bundle: Bundle) -> None:
    before = bundle.golden()
    (bundle.directory / GOLDEN_NAME).write_bytes(b"changed after it was read")
    assert bundle.golden() == before


def test_a_file_that_no_manifest_names_is_no_part_of_the_bundle(bundle: Bundle) -> None:
    (bundle.directory / "notes.txt").write_text("mine")
    assert "notes.txt" not in Bundle.read(bundle.directory).files


def test_a_directory_that_is_not_there_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match=r"is not a bundle directory; run scripts/train to make one"):
        Bundle.read(tmp_path / "absent")


@pytest.mark.parametrize("name", [MANIFEST_NAME, GRAPH_NAME, GOLDEN_NAME, REFERENCE_NAME, CARD_NAME])
def test_a_missing_file_is_named(name: str, bundle: Bundle) -> None:
    (bundle.directory / name).unlink()
    with pytest.raises(CorruptArtifact, match="missing") as caught:
        Bundle.read(bundle.directory)
    assert caught.value.path == bundle.directory / name


def test_a_file_that_became_a_directory_is_named(bundle: Bundle) -> None:
    (bundle.directory / GOLDEN_NAME).unlink()
    (bundle.directory / GOLDEN_NAME).mkdir()
    with pytest.raises(CorruptArtifact, match="is not a regular file") as caught:
        Bundle.read(bundle.directory)
    assert caught.value.path == bundle.directory / GOLDEN_NAME


def test_a_device_in_the_place_of_a_file_is_not_read(bundle: Bundle) -> None:
    (bundle.directory / GOLDEN_NAME).unlink()
    (bundle.directory / GOLDEN_NAME).symlink_to("/dev/zero")
    with pytest.raises(CorruptArtifact, match="is not a regular file"):
        Bundle.read(bundle.directory)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"# model-v1.0.1\n", "sha256 is "),
        (b"# model-v1.0.0", "14 bytes, the manifest says 15"),
        (b"", "0 bytes"),
        (b"# model-v1.0.0\nmore", "longer than the 15 bytes"),
    ],
)
def test_a_changed_file_is_named_with_what_changed(content: bytes, problem: str, bundle: Bundle) -> None:
    (bundle.directory / CARD_NAME).write_bytes(content)
    with pytest.raises(CorruptArtifact, match=problem) as caught:
        Bundle.read(bundle.directory)
    assert caught.value.path == bundle.directory / CARD_NAME


@pytest.mark.parametrize("content", [b"", b"{}", b"\x00" * 100, b"<html>"])
def test_a_manifest_that_is_none_is_corrupt(content: bytes, bundle: Bundle) -> None:
    (bundle.directory / MANIFEST_NAME).write_bytes(content)
    with pytest.raises(CorruptArtifact, match="not a valid manifest") as caught:
        Bundle.read(bundle.directory)
    assert caught.value.path == bundle.directory / MANIFEST_NAME


@pytest.mark.parametrize(("change", "fault"), INCONSISTENT)
def test_an_inconsistent_manifest_is_corrupt_and_names_the_fault(
    change: Callable[[dict[str, Any]], object], fault: str, bundle: Bundle
) -> None:
    change_manifest(bundle.directory, change)
    with pytest.raises(CorruptArtifact) as caught:
        Bundle.read(bundle.directory)
    assert fault in caught.value.problem


def test_a_threshold_does_not_belong_to_a_regression(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "bundle", Task.REGRESSION)
    change_manifest(bundle.directory, lambda m: m.update(threshold={"value": 0.5, "rule": "f1"}))
    with pytest.raises(CorruptArtifact, match="threshold: belongs to binary targets"):
        Bundle.read(bundle.directory)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"level": 1.0}, "intervals.level: takes a share between 0 and 1"),
        ({"values": [1.0, 0.0]}, "intervals.values: needs rising knots, two offsets each"),
        ({"upper": [1.0]}, "intervals.values: needs rising knots, two offsets each"),
        ({"values": [], "lower": [], "upper": []}, "intervals.values: needs rising knots"),
        ({"lower": [-0.5, 0.1]}, "intervals: takes lower offsets up to 0"),
        ({"upper": [-0.1, 2.0]}, "intervals: takes lower offsets up to 0, and upper ones from 0 up"),
    ],
)
def test_intervals_that_do_not_fit_together_are_corrupt(change: dict[str, Any], fault: str, tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "bundle", Task.REGRESSION)
    change_manifest(bundle.directory, lambda m: m["intervals"].update(change))
    with pytest.raises(CorruptArtifact) as caught:
        Bundle.read(bundle.directory)
    assert fault in caught.value.problem


def test_intervals_belong_to_a_regression_only(bundle: Bundle) -> None:
    whole = {"level": 0.9, "values": [0.0], "lower": [-1.0], "upper": [1.0]}
    change_manifest(bundle.directory, lambda m: m.update(intervals=whole))
    with pytest.raises(CorruptArtifact, match="intervals: belong to regression targets only"):
        Bundle.read(bundle.directory)


def test_all_faults_of_a_manifest_are_named_at_once(bundle: Bundle) -> None:
    change_manifest(bundle.directory, lambda m: m.update(threshold=None, members=[]))
    with pytest.raises(CorruptArtifact, match=r"members: weights.*; threshold: belongs"):
        Bundle.read(bundle.directory)


def test_a_bundle_of_a_newer_format_is_unsupported_not_corrupt(bundle: Bundle) -> None:
    change_manifest(bundle.directory, lambda m: m.update(format=FORMAT + 1))
    with pytest.raises(UnsupportedFormat, match="bundle format 4, this Slipway reads up to 3"):
        Bundle.read(bundle.directory)


def test_a_reference_that_leaves_a_feature_out_is_corrupt(bundle: Bundle) -> None:
    reference = msgspec.structs.replace(bundle.reference(), numeric={})
    write_bundle(bundle.directory, bundle.manifest, {**bundle.files, REFERENCE_NAME: to_json(reference)})
    with pytest.raises(CorruptArtifact, match=r"reference\.json: does not cover the contract's features"):
        Bundle.read(bundle.directory).reference()
