"""Takes what a caller sent: checked columns, or every fault with its row and field."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from marshmallow import ValidationError
from msgspec import structs

from app.decoder import Columns, Decoder, Values
from app.errors import InputFault, InvalidInput, MalformedRequest
from app.schemas import NOT_AN_OBJECT, row_schema
from core.contract import MAX_NAME_LENGTH, Contract
from core.documents import from_json
from core.errors import ManifestError

T = TypeVar("T")

# Of fields that the contract does not know, so many are named one by one; a row of a million would take seconds.
_SPARE_FIELDS = 100
_SHAPES = 'takes an object {"rows": [...]} or {"columns": {...}} and nothing else'


@dataclass(frozen=True, slots=True)
class Batch:
    """
    What is left of a batch.

    Attributes:
        columns: The rows that keep the contract; None when there are none.
        kept: Their numbers in the request, ascending.
        is_columnar: Whether they were sent by column.
        count: How many rows were sent.
        faults: What is wrong with the rows that were skipped; None when there are none.
    """

    columns: Columns | None
    kept: Sequence[int]
    is_columnar: bool
    count: int
    faults: InvalidInput | None = None


class InvalidRow(Exception):
    """A row that breaks the contract, and every place where it does."""

    def __init__(self, faults: list[InputFault]) -> None:
        self.faults = faults
        super().__init__(f"{len(faults)} faults")


class Intake:
    """Takes bodies of a contract: by the compiled decoder where they are clean, by marshmallow where they are not."""

    def __init__(self, contract: Contract, *, max_rows: int) -> None:
        self._contract, self._max_rows = contract, max_rows
        self._decoder = Decoder(contract, max_rows=max_rows)
        self._schema = row_schema(contract)
        self._most_fields = len(contract.features) + _SPARE_FIELDS

    def row(self, body: bytes) -> Columns:
        """
        An object with the fields of a row.

        Raises:
            MalformedRequest: if the body is no JSON.
            InvalidInput: if it breaks the contract.
        """
        values = self._decoder.row(body)
        if values is None:
            try:
                values = self._load(read_json(body))
            except InvalidRow as invalid:
                raise InvalidInput(invalid.faults) from invalid
        return Columns([(value,) for value in values], 1)

    def line(self, line: bytes) -> Values:
        """
        A row that stands on a line of its own.

        Raises:
            InvalidRow: if it is no JSON or breaks the contract.
        """
        values = self._decoder.row(line)
        if values is not None:
            return values
        try:
            return self._load(read_json(line))
        except MalformedRequest as error:
            raise InvalidRow([InputFault(problem=error.problem)]) from error

    def batch(self, body: bytes, *, skip: bool) -> Batch:
        """
        An object `{"rows": [...]}` or `{"columns": {...}}`.

        Args:
            body: JSON.
            skip: Whether rows that break the contract are left out instead of refusing all.

        Raises:
            MalformedRequest: if the body is no JSON.
            InvalidInput: if it is of another shape, or a row breaks the contract and is not to be skipped.
        """
        columns = self._decoder.rows(body)
        if columns is not None:
            return Batch(columns, range(columns.count), is_columnar=False, count=columns.count)
        columns = self._decoder.columns(body)
        if columns is not None:
            return Batch(columns, range(columns.count), is_columnar=True, count=columns.count)
        sent, is_columnar = self._rows_of(read_json(body))
        rows: dict[int, Values] = {}
        faults = InvalidInput(self._load_all(sent, self._decoder.split(body, len(sent)), rows))
        if faults.count and not skip:
            raise faults
        columns = Columns.of_rows(list(rows.values())) if rows else None
        return Batch(columns, list(rows), is_columnar, len(sent), faults if faults.count else None)

    def _load_all(
        self, sent: Sequence[Any], raws: Sequence[msgspec.Raw | None], rows: dict[int, Values]
    ) -> Iterator[InputFault]:
        """Fill `rows` with those that keep the contract, and yield the faults of the others one by one."""
        for number, (row, raw) in enumerate(zip(sent, raws, strict=True)):
            values = None if raw is None else self._decoder.row(raw)
            if values is None:
                try:
                    values = self._load(row)
                except InvalidRow as invalid:
                    yield from (structs.replace(fault, row=number) for fault in invalid.faults)
                    continue
            rows[number] = values

    def _rows_of(self, body: Any) -> tuple[Sequence[Any], bool]:
        if isinstance(body, dict) and len(body) == 1:
            if isinstance(body.get("rows"), list):
                return self._counted("rows", body["rows"]), False
            if isinstance(body.get("columns"), dict):
                return self._transposed(body["columns"]), True
        raise InvalidInput([InputFault(problem=_SHAPES)])

    def _counted(self, field: str, rows: list[Any]) -> list[Any]:
        if not 1 <= len(rows) <= self._max_rows:
            problem = f"takes 1 to {self._max_rows} rows, found {len(rows)}"
            raise InvalidInput([InputFault(field=field, problem=problem)])
        return rows

    def _transposed(self, columns: dict[str, Any]) -> Sequence[Any]:
        if len(columns) > self._most_fields:
            raise InvalidInput([self._overfull(columns)])
        faults = [
            InputFault(field=shortened(name), problem="takes a list with one value a row")
            for name, values in sorted(columns.items())
            if not isinstance(values, list)
        ]
        if faults:
            raise InvalidInput(faults)
        lengths = {name: len(values) for name, values in columns.items()}
        if len(set(lengths.values())) > 1:
            longest = max(lengths.values())
            raise InvalidInput(
                InputFault(field=shortened(name), problem=f"has {length} values, where another column has {longest}")
                for name, length in sorted(lengths.items())
                if length != longest
            )
        names = list(columns)
        return self._counted(
            "columns", [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        )

    def _load(self, row: Any) -> Values:
        """
        A row by marshmallow.

        Raises:
            InvalidRow: with every fault, if it breaks the contract.
        """
        if isinstance(row, dict) and len(row) > self._most_fields:
            raise InvalidRow([self._overfull(row)])
        try:
            loaded = self._schema.load(row)
        except ValidationError as error:
            raise InvalidRow(list(faults_of(error.messages_dict))) from error
        return tuple(loaded.get(name) for name in self._contract.names)

    def _overfull(self, row: dict[str, Any]) -> InputFault:
        return InputFault(problem=f"takes at most {self._most_fields} fields, found {len(row)}")


def read_json(body: bytes) -> Any:
    """
    A body's JSON value.

    Raises:
        MalformedRequest: if it is none.
    """
    try:
        return msgspec.json.decode(body)
    except RecursionError as error:
        raise MalformedRequest("the body is nested too deeply") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedRequest(f"the body cannot be read as JSON: {error}") from error


def faults_of(messages: dict[str, list[str]]) -> Iterator[InputFault]:
    """
    What marshmallow says of one object.

    By field name: marshmallow lists unknown fields in the order of a set, which differs between processes.
    """
    for name, problems in sorted(messages.items()):
        for problem in problems:
            yield InputFault(field=None if problem in NOT_AN_OBJECT else shortened(name), problem=problem)


def read_document(body: bytes, kind: type[T]) -> T:
    """
    A body as one of our own documents.

    Raises:
        MalformedRequest: if it is no JSON.
        InvalidInput: if it is no such document, naming the first place that is wrong.
    """
    # What a document keeps as it was sent is not looked into below, but has to be JSON.
    read_json(body)
    try:
        return from_json(body, kind, source="body")
    except ManifestError as error:
        raise InvalidInput(
            InputFault(field=shortened(fault.place), problem=shortened(fault.problem)) for fault in error.faults
        ) from error


def shortened(name: str) -> str:
    """A caller may send a name of any length; no feature's is longer than this."""
    return name if len(name) <= MAX_NAME_LENGTH else f"{name[:MAX_NAME_LENGTH]}..."
