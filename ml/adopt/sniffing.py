"""How a file of texts is written: its encoding, and what lies between its columns."""

from __future__ import annotations

import codecs
import csv
import io
import re
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from charset_normalizer import from_bytes

from core.errors import DatasetError
from ml.adopt.marks import find_marks
from ml.datasets.form import TableForm
from ml.datasets.sources import DELIMITED, PARQUET, kind_of
from ml.datasets.texts import CHUNK_BYTES, open_bytes, refuse_binary, utf8_start

DELIMITERS = ",;\t|"
# Cells that are looked at to tell how numbers are written.
_LOOKED_AT = 100_000
# Characters by which the delimiter is told.
_BEGINNING = 1 << 19
# Beside cp1252, that of Western Europe.
_ENCODINGS = ["cp1250", "cp1251", "cp1253", "cp1254", "cp1257", "cp932", "gb18030", "big5", "euc_kr", "koi8_r"]
_LETTERS = frozenset("äöüßáàâãåæçéèêëíìîïñóòôõøœúùûÿÄÖÜÁÀÂÃÅÆÇÉÈÊËÍÌÎÏÑÓÒÔÕØŒÚÙÛŸªº")
_SIGNS = "€£¥§°²³µ±·½¼¾«»¿¡©®™…•–—‘’“”„ \u00a0"  # noqa: RUF001  # quotes and dashes as texts have them
_SIGN_IN_WORD = re.compile(r"[£¥§±½¼¾][^\W\d_]|[^\W\d_](?:[£¥½¼¾]|[§±¿¡²³·][^\W\d_])")
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def sniff_form(paths: Sequence[Path]) -> tuple[TableForm, tuple[str, ...]]:
    """
    How the first file of a table is written, and what could have been read otherwise.

    Raises:
        DatasetError: if it is missing or holds nothing.
    """
    path = paths[0]
    kind = (kind_of(path.name) or "").removesuffix(".gz")
    if kind in ("", PARQUET):
        return TableForm(), ()
    try:
        encoding = next((each for each in map(_encoding, paths) if each != "utf-8"), "utf-8")
    except FileNotFoundError as error:
        raise DatasetError(f"{path} does not exist") from error
    except (OSError, EOFError, zlib.error):
        # What opens the table says what is wrong with it.
        return TableForm(), ()
    remarks = [] if encoding.startswith("utf") else [f"its text is not UTF-8; it was taken for {encoding}"]
    form = TableForm(encoding=encoding)
    if kind not in DELIMITED:
        return form, tuple(remarks)
    rows = _rows(path, encoding)
    form = replace(form, delimiter=rows.delimiter)
    marks = find_marks(rows.head, rows.columns(), form.delimiter)
    return replace(form, decimal=marks.decimal, grouping=marks.grouping), (*remarks, *marks.remarks)


def find_delimiter(text: str) -> str:
    """
    What lies between the columns: of the marks that cut the head, the one by which most rows have as many cells.

    Args:
        text: The beginning of a file, with its head.
    """
    return max(DELIMITERS, key=lambda mark: _consistency(text, mark))


def _consistency(text: str, delimiter: str) -> tuple[float, int]:
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        widths = [len([*cells]) for cells, _ in zip(lines, range(500), strict=False) if cells]
    except csv.Error:
        return 0.0, 0
    if not widths or widths[0] < 2:
        return 0.0, 0
    body = Counter(widths[1:] or widths)
    # Rows may end in one more delimiter than the head.
    return (body[widths[0]] + body[widths[0] + 1] / 2) / body.total(), widths[0]


class _Rows:
    """The first rows of a file, and some from all over it."""

    def __init__(self, text: str, delimiter: str) -> None:
        self.delimiter = delimiter
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        self.head = next((cells for cells in lines if cells), [])
        limit = max(100, _LOOKED_AT // max(len(self.head), 1))
        self.body = [cells for cells, _ in zip(lines, range(limit), strict=False) if len(cells) >= len(self.head)]

    def columns(self) -> list[list[str]]:
        return [[cells[place] for cells in self.body] for place in range(len(self.head))]


def _rows(path: Path, encoding: str) -> _Rows:
    text = utf8_start(path, encoding, str(path)).decode()
    is_cut = path.suffix == ".gz" or path.stat().st_size > CHUNK_BYTES
    text = _whole(text) if is_cut else text
    csv.field_size_limit(CHUNK_BYTES)
    try:
        return _Rows(text, find_delimiter(text if len(text) <= _BEGINNING else _whole(text[:_BEGINNING])))
    except csv.Error as error:
        raise DatasetError(f"{path}: is not a readable CSV file ({error})") from error


def _whole(text: str) -> str:
    """Without the last line, if it is cut."""
    return text[: text.rfind("\n") + 1] or text


def _encoding(path: Path) -> str:
    with open_bytes(path) as file:
        start = file.read(CHUNK_BYTES)
    refuse_binary(str(path), start)
    for mark, name in _MARKS:
        if start.startswith(mark):
            return name
    if b"\0" in start[:1000]:
        name = "utf-16-le" if start[1:2] == b"\0" else "utf-16-be"
        if not _is_written_in(name, start):
            raise DatasetError(f"{path}: holds bytes that no text has; save the table as CSV UTF-8 or as Parquet")
        return name
    return "utf-8" if _is_utf8(path) else _guessed(path)


def _is_written_in(encoding: str, start: bytes) -> bool:
    """Whether the beginning of a file reads in an encoding; the last character may be cut."""
    try:
        codecs.getincrementaldecoder(encoding)().decode(start)
    except UnicodeDecodeError:
        return False
    return True


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with open_bytes(path) as file:
        try:
            while chunk := file.read(CHUNK_BYTES):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _guessed(path: Path) -> str:
    """By the lines that hold more than ASCII, which are few in most files."""
    lines: list[bytes] = []
    with open_bytes(path) as file:
        for line in file:
            if not line.isascii():
                lines.append(line)
            if len(lines) >= 500:
                break
    sample = b"".join(lines)[: 1 << 17]
    if _is_western(sample.decode("cp1252", errors="replace")):
        return "cp1252"
    found = from_bytes(sample, cp_isolation=_ENCODINGS)
    return next((each.encoding for each in found if not _SIGN_IN_WORD.search(str(each))), "cp1252")


def _is_western(text: str) -> bool:
    """Whether what is beyond ASCII are a few letters of Western Europe, and signs that stand in no word."""
    letters = sum(map(str.isalpha, text))
    beyond = [mark for mark in text if not mark.isascii()]
    few = sum(map(str.isalpha, beyond)) <= 0.35 * letters + 2
    return few and all(mark in _LETTERS or mark in _SIGNS for mark in beyond) and not _SIGN_IN_WORD.search(text)
