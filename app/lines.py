"""
Rows that come one a line, and answers that go out so: as many as a caller has, in bounded memory.

The body is received whole before anything is scored, into a file: a caller that sends everything before it reads
anything would otherwise wait for the service, and the service for it. It is checked whole too, so that all is refused
or all is scored, unless the faulty rows are to be skipped.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import IO, Any

import msgspec
from flask import Response, current_app, g, stream_with_context
from msgspec import structs
from werkzeug.exceptions import ServiceUnavailable

from app import packing
from app.answering import Answering
from app.body import NDJSON
from app.decoder import Columns, Values
from app.errors import InputFault, InvalidInput, listed
from app.intake import Intake, InvalidRow
from app.journal import Request
from app.served_model import Answer

# So many rows are scored, journalled and answered at once.
_PART_ROWS = 1000
_encode_lines = msgspec.json.Encoder().encode_lines

# A row's values, or what is wrong with it.
Row = Values | InvalidInput


class LineScorer:
    """Checks and answers files of rows."""

    def __init__(self, intake: Intake, answering: Answering, *, max_line_bytes: int, deadline_s: float) -> None:
        self._intake, self._answering = intake, answering
        self._max_line_bytes, self._deadline_s = max_line_bytes, deadline_s

    def answer(self, file: IO[bytes], asked: Request, *, skip: bool, shows_members: bool = False) -> Iterator[bytes]:
        """
        Score a file's rows.

        Args:
            file: Lines, from where it stands.
            asked: What the journal keeps of the request.
            skip: Whether rows that break the contract are answered with their faults instead of refusing all.
            shows_members: Whether answers have what each member says, too.

        Returns:
            For each row, in order, a line with its answer or its faults; where there are fewer lines than rows, the
            last one is a problem that says why.

        Raises:
            InvalidInput: if there are no rows, or some break the contract and are not to be skipped.
            JournalUnavailable: if not even the first of them can be written down.
        """
        if not skip:
            faults = InvalidInput(self._faults(file))
            if faults.count:
                raise faults
            file.seek(0)
        parts = self._parts(file, asked, shows_members=shows_members)
        first = next(parts, None)
        if first is None:
            raise InvalidInput([InputFault(problem="takes at least one row, as an object on a line of its own")])
        return stream_with_context(_to_the_end(first, parts))

    def _faults(self, file: IO[bytes]) -> Iterator[InputFault]:
        for row in self._rows(file):
            if isinstance(row, InvalidInput):
                yield from row.listed

    def _parts(self, file: IO[bytes], asked: Request, *, shows_members: bool) -> Iterator[bytes]:
        rows = self._rows(file)
        while part := list(islice(rows, _PART_ROWS)):
            if time.perf_counter() > asked.started + self._deadline_s:
                raise ServiceUnavailable(f"not all could be done within {self._deadline_s:g} seconds")
            yield _encode_lines(self._answers(part, asked, shows_members=shows_members))

    def _answers(self, part: list[Row], asked: Request, *, shows_members: bool) -> list[Any]:
        good = [row for row in part if not isinstance(row, InvalidInput)]
        answers: Iterator[Answer] = iter(())
        if good:
            columns = Columns.of_rows(good)
            answered, ids = self._answering.answer(columns, asked)
            answers = map(answered.named, answered.scored.answers(ids, shows_members=shows_members))
            g.rows, g.model_tag = g.get("rows", 0) + len(good), answered.tag
        return [listed(row) if isinstance(row, InvalidInput) else next(answers) for row in part]

    def _rows(self, file: IO[bytes]) -> Iterator[Row]:
        for number, line in enumerate(_lines(file, self._max_line_bytes)):
            try:
                yield self._row(line)
            except InvalidRow as invalid:
                yield InvalidInput(structs.replace(fault, row=number) for fault in invalid.faults)

    def _row(self, line: bytes) -> Values:
        if _is_cut(line, self._max_line_bytes):
            raise InvalidRow([InputFault(problem=f"takes a line of up to {self._max_line_bytes} bytes")])
        return self._intake.line(line)


def _lines(file: IO[bytes], most: int) -> Iterator[bytes]:
    """Lines that are not blank; of one that is too long, its beginning."""
    while line := file.readline(most + 1):
        rest = line
        while rest and not rest.endswith(b"\n"):
            rest = file.readline(most)
        if _is_cut(line, most) or not line.isspace():
            yield line


def _is_cut(line: bytes, most: int) -> bool:
    return len(line) > most and not line.endswith(b"\n")


def _to_the_end(first: bytes, parts: Iterator[bytes]) -> Iterator[bytes]:
    """Say what goes wrong in place of the lines that are left: the answer's status has gone out."""
    yield first
    try:
        yield from parts
    except Exception as error:  # noqa: BLE001  # as Flask itself does, with everything that a view raises
        problem = current_app.make_response(current_app.handle_user_exception(error))
        yield problem.get_data() + b"\n"


def stream(body: Iterable[bytes]) -> Response:
    """An answer of lines, packed if the caller takes that."""
    answer = Response(content_type=NDJSON)
    answer.response = _gzipped(body) if packing.choose(answer) else body
    return answer


def _gzipped(parts: Iterable[bytes]) -> Iterator[bytes]:
    compressor = zlib.compressobj(packing.LEVEL, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    for part in parts:
        if compressed := compressor.compress(part):
            yield compressed
    yield compressor.flush()
