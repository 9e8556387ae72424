"""The manifest: what a bundle is, where it came from, and the checksum of every file in it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta

from core.contract import Contract, read_contract
from core.documents import Document, from_json, to_json
from core.errors import Fault, ManifestError, UnsupportedFormat
from core.reading import Table
from core.tags import ModelTag

FORMAT = 3
_OLDEST_FORMAT = 2
MANIFEST_NAME = "manifest.json"


class Member(Document, frozen=True, kw_only=True):
    """
    A member of the ensemble and its weight in the mean; the weights add up to 1.

    `file` is the ONNX graph that scores it; members may share one, its outputs standing in their order.
    """

    name: str
    file: str
    weight: float


class CalibrationCurve(Document, frozen=True, kw_only=True):
    """Piecewise-linear map of a raw score to a probability; constant outside the knots (`numpy.interp`)."""

    raw: tuple[float, ...]
    calibrated: tuple[float, ...]


class Calibration(Document, frozen=True, kw_only=True):
    """How the ensemble's mean becomes a probability: one curve per score column, none for regression."""

    method: str
    curves: tuple[CalibrationCurve, ...] = ()


class Threshold(Document, frozen=True, kw_only=True):
    """The score from which a binary answer is positive, and the rule that chose it."""

    value: float
    rule: str


class Intervals(Document, frozen=True, kw_only=True):
    """
    Where the truth lies around the value of a regression, in the target's unit.

    `lower` (at most 0) and `upper` (at least 0) are what to add to a value for the two ends: given at some `values`,
    piecewise linear between them, constant outside (`numpy.interp`). `level` is the share of rows that the two ends
    are to hold between them, in (0, 1).
    """

    level: float
    values: tuple[float, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]


class Metric(Document, frozen=True, kw_only=True):
    """
    A figure on the holdout with its 95 % interval.

    `value` is None where the rows do not define it (an area under the curve of one class); `low` and `high` are None
    where there are too few days to tell.
    """

    value: float | None
    low: float | None = None
    high: float | None = None


class GateRecord(Document, frozen=True, kw_only=True):
    """
    The promotion gate's verdict, as it was given at training.

    `champion` is the tag that was champion then; `compared_with` names it, or the base rate where there was none or
    it could not score the new contract's rows.
    """

    accepted: bool
    champion: ModelTag | None
    compared_with: str
    reasons: tuple[str, ...]


class Window(Document, frozen=True, kw_only=True):
    """Rows of one part of the data; the times are ISO 8601 and absent where there is no time column."""

    rows: int
    start: str | None = None
    end: str | None = None


class Lineage(Document, frozen=True, kw_only=True):
    """
    Everything needed to train the same model again.

    `holdout_cuts` are there where the parts were cut at random, and tell later which rows the model was not fitted on;
    see `ml.split.Split`. `settings_sha256` is of what else in model.toml the model was fitted and judged by.
    """

    git_commit: str | None
    git_dirty: bool
    data_sha256: str
    settings_sha256: str | None = None
    as_of: str | None
    train: Window
    validation: Window
    holdout: Window
    holdout_cuts: tuple[float, ...] | None = None
    seed: int
    trials: int
    threads: int
    parameters: dict[str, dict[str, float | int | str]]
    libraries: dict[str, str]

    @property
    def fitted(self) -> Window:
        """The rows that the members were fitted on in the end: those of training and validation."""
        train, validation = self.train, self.validation
        return Window(rows=train.rows + validation.rows, start=train.start, end=validation.end)


class FileRecord(Document, frozen=True, kw_only=True):
    """Checksum (lower-case hex) and size of one file."""

    sha256: str
    size_bytes: Annotated[int, Meta(ge=0)]


class Manifest(Document, frozen=True, kw_only=True):
    """
    The content of manifest.json; `created_at` is the only value that differs between two equal trainings.

    Format 3 brought `intervals`, which are there for regression only.
    """

    format: int = FORMAT
    tag: ModelTag
    created_at: Annotated[datetime, Meta(tz=True)]
    contract: dict[str, Any]
    members: tuple[Member, ...]
    calibration: Calibration
    threshold: Threshold | None
    intervals: Intervals | None = None
    metrics: dict[str, Metric]
    gate: GateRecord
    lineage: Lineage
    files: dict[str, FileRecord]

    @property
    def wandb_run_id(self) -> str:
        """The W&B run that made this bundle."""
        return f"{self.created_at:%Y%m%d-%H%M%S}-{self.lineage.data_sha256[:8]}"

    def to_json(self) -> bytes:
        """The manifest as it lies in a bundle."""
        return to_json(self)


class _Format(Document, frozen=True, kw_only=True, forbid_unknown_fields=False):
    format: int


def parse_manifest(data: bytes, *, source: str) -> tuple[Manifest, Contract]:
    """
    The manifest and its contract.

    Args:
        data: JSON as `Manifest.to_json` writes it.
        source: What to call the file in an error.

    Raises:
        ManifestError: naming what is wrong and where.
        UnsupportedFormat: if it was written by a newer Slipway.
    """
    found = from_json(data, _Format, source=source).format
    if found > FORMAT:
        raise UnsupportedFormat(source, found=found, supported=FORMAT)
    if found < _OLDEST_FORMAT:
        problem = f"takes {_OLDEST_FORMAT} to {FORMAT}, found {found}; an older Slipway wrote it, train again"
        raise ManifestError(source, [Fault(place="format", problem=problem)])
    manifest = from_json(data, Manifest, source=source)
    document = Table(manifest.contract, "contract")
    document.reject_unknown(["target", "features"])
    contract = read_contract(document)
    if document.faults:
        raise ManifestError(source, document.faults)
    return manifest, contract
