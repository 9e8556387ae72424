"""One table of model.toml that belongs to no model: read by whoever goes by it, without the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, TypeVar

from core.contract import Contract, read_contract, read_segments
from core.errors import ModelFileError
from core.reading import Table, read_model_file

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


class ReadPolicy(Protocol[T_co]):
    """Reads a table, adding every fault to it; `segments` are those of `[gate]`."""

    def __call__(self, table: Table, *, contract: Contract, segments: tuple[str, ...]) -> T_co:
        """What the table says."""


def read_policy_table(path: Path, name: str, read: ReadPolicy[T]) -> T:
    """
    Read one table of a model.toml.

    Of the rest only what it rests on is looked at: the target and the features, and the segments of `[gate]`.

    Args:
        path: Of the file.
        name: Of the table, which may be absent.
        read: Makes a policy of it.

    Raises:
        ModelFileError: naming every place that is wrong in these.
    """
    document = read_model_file(path)
    contract = read_contract(document)
    segments = read_segments(document.table("gate", optional=True), contract)
    policy = read(document.table(name, optional=True), contract=contract, segments=segments)
    if document.faults:
        raise ModelFileError(str(path), document.faults)
    return policy
