"""How a table's texts are written: what [dataset] of model.toml says of its files."""

from __future__ import annotations

from dataclasses import dataclass

from core.reading import Table
from ml.times import UNIX, is_time_form

FORM_KEYS = ("delimiter", "encoding", "decimal", "grouping", "missing", "time_format")


@dataclass(frozen=True, kw_only=True, slots=True)
class TableForm:
    """
    How a table's texts are written.

    Attributes:
        delimiter: Between the columns of a CSV file, one character.
        encoding: Of a CSV or JSON-lines file, by Python's name of it.
        decimal: Mark before the decimals of a number, "." or ",".
        grouping: Mark between its thousands, such as "," or "'" or a space; empty where there is none.
        missing: Texts that stand for nothing, beside those that always do (`ml.columns.MISSING`).
        time_format: Of the time column, by `strptime`'s directives, or one of `ml.times.UNIX`; empty for ISO 8601.
    """

    delimiter: str = ","
    encoding: str = "utf-8"
    decimal: str = "."
    grouping: str = ""
    missing: tuple[str, ...] = ()
    time_format: str = ""


ISO = TableForm()


def read_form(dataset: Table) -> TableForm:
    """Read [dataset] of a model.toml; every rule that is broken is added to its faults."""
    path = dataset.values.get("path")
    is_tabbed = isinstance(path, str) and path.lower().endswith((".tsv", ".tsv.gz"))
    form = TableForm(
        delimiter=dataset.get("delimiter", str, "\t" if is_tabbed else ","),
        encoding=dataset.get("encoding", str, "utf-8"),
        decimal=dataset.choice("decimal", [".", ","], "."),
        grouping=dataset.get("grouping", str, ""),
        missing=dataset.texts("missing", []),
        time_format=dataset.get("time_format", str, ""),
    )
    for key, problem in (
        ("delimiter", _delimiter_fault(form.delimiter)),
        ("encoding", _encoding_fault(form.encoding)),
        ("grouping", _grouping_fault(form)),
        ("time_format", _time_fault(form.time_format)),
    ):
        # What is no text has its fault already.
        if problem and isinstance(dataset.values.get(key), str):
            dataset.fault(key, f"{problem}, found {dataset.values[key]!r}")
    return form


def _delimiter_fault(text: str) -> str:
    fits = len(text) == 1 and text.isascii() and not text.isalnum() and text not in '"\r\n\0'
    return "" if fits else "takes one character, such as , or ; or \\t"


def _encoding_fault(text: str) -> str:
    try:
        b"a".decode(text)
    except UnicodeError:
        # It wants more than a byte.
        return ""
    except (LookupError, ValueError):
        return "takes an encoding that Python knows, such as utf-8, cp1252 or utf-16"
    return ""


def _grouping_fault(form: TableForm) -> str:
    mark = form.grouping
    fits = not mark or (len(mark) == 1 and mark != form.decimal and not mark.isalnum() and mark not in '+-()"')
    return "" if fits else "takes one character that is not the decimal mark, such as , or ' or a space"


def _time_fault(text: str) -> str:
    if is_time_form(text):
        return ""
    return f"takes directives that give a whole date, such as %d/%m/%Y %H:%M, or {' or '.join(UNIX)}"
