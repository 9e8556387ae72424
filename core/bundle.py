"""A bundle on disk: written whole, and read only after every byte was checked."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from core.contract import CategoricalFeature, Contract, Target, Task
from core.documents import from_json
from core.errors import CorruptArtifact, Fault, ManifestError, RegistryError
from core.files import write_atomically
from core.golden import GoldenRows
from core.manifest import MANIFEST_NAME, FileRecord, Intervals, Manifest, parse_manifest
from core.reference import Reference

GOLDEN_NAME = "golden.json"
REFERENCE_NAME = "reference.json"
CARD_NAME = "MODEL_CARD.md"
CARD_PAGE_NAME = "MODEL_CARD.html"
MAX_MANIFEST_BYTES = 50_000_000
_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Bundle:
    """A verified bundle: its manifest, and the bytes of every file the manifest names, as they were checked."""

    directory: Path
    manifest: Manifest
    contract: Contract
    files: Mapping[str, bytes]

    @classmethod
    def read(cls, directory: Path, *, manifest_sha256: str | None = None) -> Bundle:
        """
        Read a bundle and check it against its manifest.

        Args:
            directory: Holds the bundle.
            manifest_sha256: What the registry knows the manifest's checksum to be; None for an unpublished bundle.

        Raises:
            RegistryError: if the directory holds no bundle.
            CorruptArtifact: naming the file that is missing, cut short or changed.
            UnsupportedFormat: if it was written by a newer Slipway.
        """
        manifest, contract = read_manifest(directory, manifest_sha256=manifest_sha256)
        contents = {}
        for name, record in sorted(manifest.files.items()):
            contents[name] = _read(directory / name, record.size_bytes)
            _check_file(directory / name, contents[name], record)
        return cls(directory=directory, manifest=manifest, contract=contract, files=contents)

    def golden(self) -> GoldenRows:
        """The golden rows."""
        return from_json(self.files[GOLDEN_NAME], GoldenRows, source=GOLDEN_NAME)

    def reference(self) -> Reference:
        """
        The training-time reference.

        Raises:
            CorruptArtifact: if it does not cover exactly the contract's features.
        """
        reference = from_json(self.files[REFERENCE_NAME], Reference, source=REFERENCE_NAME)
        kinds = {feature.name: isinstance(feature, CategoricalFeature) for feature in self.contract.features}
        if dict.fromkeys(reference.numeric, False) | dict.fromkeys(reference.categorical, True) != kinds:
            raise CorruptArtifact(self.directory / REFERENCE_NAME, "does not cover the contract's features")
        return reference


def read_manifest(directory: Path, *, manifest_sha256: str | None = None) -> tuple[Manifest, Contract]:
    """
    Read a bundle's manifest alone; see `Bundle.read`.

    Args:
        directory: Holds the bundle, or only its manifest.
        manifest_sha256: What the registry knows its checksum to be; None for an unpublished bundle.
    """
    path = directory / MANIFEST_NAME
    if not directory.is_dir():
        raise RegistryError(f"{directory} is not a bundle directory; run scripts/train to make one")
    data = _read(path, MAX_MANIFEST_BYTES)
    actual = hashlib.sha256(data).hexdigest()
    if manifest_sha256 is not None and actual != manifest_sha256:
        raise CorruptArtifact(path, f"sha256 is {actual[:12]}, which is not what manifest.sha256 says")
    try:
        manifest, contract = parse_manifest(data, source=str(path))
        _check_consistent(manifest, contract.target, str(path))
    except ManifestError as error:
        raise CorruptArtifact(path, f"not a valid manifest ({'; '.join(map(str, error.faults))})") from error
    return manifest, contract


def write_bundle(directory: Path, manifest: Manifest, files: Mapping[str, bytes]) -> Manifest:
    """
    Write a bundle's files, the manifest last.

    Args:
        directory: An existing empty directory.
        manifest: Its `files` are replaced by the records of `files`.
        files: Name to content, the manifest excluded.

    Returns:
        The manifest as it was written.
    """
    records = {name: file_record(content) for name, content in files.items()}
    complete = _with_files(manifest, records)
    for name, content in files.items():
        (directory / name).write_bytes(content)
    write_atomically(directory / MANIFEST_NAME, complete.to_json())
    return complete


def file_record(content: bytes) -> FileRecord:
    """Checksum and size of a file's content."""
    return FileRecord(sha256=hashlib.sha256(content).hexdigest(), size_bytes=len(content))


def _with_files(manifest: Manifest, records: dict[str, FileRecord]) -> Manifest:
    return msgspec.structs.replace(manifest, files=records)


def _read(path: Path, most_bytes: int) -> bytes:
    """The content of a regular file, or its first byte too many: nothing that is not ours can fill the memory."""
    try:
        if path.exists() and not path.is_file():
            raise CorruptArtifact(path, "is not a regular file")
        with path.open("rb") as file:
            return file.read(most_bytes + 1)
    except FileNotFoundError as error:
        raise CorruptArtifact(path, "missing") from error
    except OSError as error:
        raise CorruptArtifact(path, f"cannot be read ({error.strerror})") from error


def _check_file(path: Path, content: bytes, record: FileRecord) -> None:
    if len(content) > record.size_bytes:
        raise CorruptArtifact(path, f"longer than the {record.size_bytes} bytes that the manifest says")
    if len(content) < record.size_bytes:
        raise CorruptArtifact(path, f"{len(content)} bytes, the manifest says {record.size_bytes}")
    actual = hashlib.sha256(content).hexdigest()
    if actual != record.sha256:
        raise CorruptArtifact(path, f"sha256 is {actual[:12]}, the manifest says {record.sha256[:12]}")


def _check_consistent(manifest: Manifest, target: Target, source: str) -> None:
    """What a typed manifest can still get wrong: names that leave the directory, curves and members that do not fit."""
    faults = [
        Fault(place=f"files.{name}", problem="not a plain file name")
        for name in manifest.files
        if not _SAFE_NAME.fullmatch(name) or name == MANIFEST_NAME
    ]
    needed = {GOLDEN_NAME, REFERENCE_NAME, CARD_NAME, *(member.file for member in manifest.members)}
    faults += [Fault(place="files", problem=f"{name} is missing") for name in sorted(needed - set(manifest.files))]
    weights = [member.weight for member in manifest.members]
    if not weights or min(weights) <= 0 or abs(sum(weights) - 1) > 1e-6:
        faults.append(Fault(place="members", problem="weights must be above 0 and add up to 1"))
    curves = manifest.calibration.curves
    allowed = 0 if target.task is Task.REGRESSION else target.score_width
    if curves and len(curves) != allowed:
        faults.append(Fault(place="calibration.curves", problem=f"takes {allowed}, found {len(curves)}"))
    for index, curve in enumerate(curves):
        if len(curve.raw) != len(curve.calibrated) or not curve.raw or (np.diff(curve.raw) <= 0).any():
            faults.append(Fault(place=f"calibration.curves[{index}]", problem="needs rising knots, one value each"))
        if any(not 0 <= value <= 1 for value in curve.calibrated):
            faults.append(Fault(place=f"calibration.curves[{index}]", problem="takes probabilities from 0 to 1"))
    if (target.task is Task.BINARY) != (manifest.threshold is not None):
        faults.append(Fault(place="threshold", problem="belongs to binary targets, and to them only"))
    if manifest.threshold is not None and not 0 <= manifest.threshold.value <= 1:
        faults.append(Fault(place="threshold.value", problem="takes a probability from 0 to 1"))
    if manifest.intervals is not None:
        faults += _interval_faults(manifest.intervals, target.task)
    if faults:
        raise ManifestError(source, faults)


def _interval_faults(intervals: Intervals, task: Task) -> list[Fault]:
    faults = []
    if task is not Task.REGRESSION:
        faults.append(Fault(place="intervals", problem="belong to regression targets only"))
    if not 0 < intervals.level < 1:
        faults.append(Fault(place="intervals.level", problem="takes a share between 0 and 1"))
    knots = len(intervals.values)
    if not knots or {len(intervals.lower), len(intervals.upper)} != {knots} or (np.diff(intervals.values) <= 0).any():
        faults.append(Fault(place="intervals.values", problem="needs rising knots, two offsets each"))
    if max(intervals.lower, default=0.0) > 0 or min(intervals.upper, default=0.0) < 0:
        faults.append(Fault(place="intervals", problem="takes lower offsets up to 0, and upper ones from 0 up"))
    return faults
