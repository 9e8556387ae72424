"""How a table's texts are written: what [dataset] of model.toml says of its files."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class TableForm:
    """
    How a table's texts are written.

    Attributes:
        delimiter: Between the columns of a CSV file, one character.
        encoding: Of a CSV or JSON-lines file, by Python's name of it.
        decimal: Mark before the decimals of a number, "." or ",".
        grouping: Mark between its thousands, such as "," or "'" or a space; empty where there is none.
        missing: Texts that stand for nothing, beside those that always do (`ml.dataset.MISSING`).
        time_format: Of the time column, by `strftime`'s directives; empty for ISO 8601.
    """

    delimiter: str = ","
    encoding: str = "utf-8"
    decimal: str = "."
    grouping: str = ""
    missing: tuple[str, ...] = ()
    time_format: str = ""


ISO = TableForm()
