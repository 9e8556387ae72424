"""Small tables that people really have: odd, dirty, wide, tiny or no table at all."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

ROWS = 400
Columns = dict[str, Sequence[Any]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Animal:
    """
    A table, and what is to become of it.

    Attributes:
        name: Of the table.
        write: Writes it into a folder and gives the file.
        target: The column that is predicted.
        options: Of `adopt`, beside the file and the target.
        task: What it is taken for.
        kinds: What its features are to be: their kind, or `out` for a column that is left out.
        asked: Values of a row that callers may send, beside those of a golden row.
        refused: A part of the sentence that refuses it; empty if it is to train and to serve.
        said: Texts that the command has to say.
    """

    name: str
    write: Callable[[Path], Path]
    target: str = "left"
    options: tuple[str, ...] = ()
    task: str = "binary"
    kinds: Mapping[str, str] = field(default_factory=dict)
    asked: Mapping[str, float | str | None] = field(default_factory=dict)
    refused: str = ""
    said: tuple[str, ...] = ()


def _random() -> np.random.Generator:
    return np.random.default_rng(7)


def _plain(rows: int = ROWS) -> Columns:
    """Months, a plan, and whether somebody left, which follows from both."""
    random = _random()
    months, plan = random.integers(1, 60, rows), random.choice(["basic", "plus", "pro"], rows)
    left = random.random(rows) < np.where(months < 20, 0.95, 0.04)
    return {"months": months.tolist(), "plan": plan.tolist(), "left": np.where(left, "yes", "no").tolist()}


def _text(columns: Columns, delimiter: str = ",") -> str:
    lines = [list(columns), *zip(*columns.values(), strict=True)]
    return "".join(delimiter.join("" if cell is None else str(cell) for cell in line) + "\n" for line in lines)


def _file(folder: Path, content: str | bytes, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def _csv(make: Callable[[Columns], Columns], **how: Any) -> Callable[[Path], Path]:
    """A writer of the plain table after a change."""
    name, encoding = how.pop("name", "table.csv"), how.pop("encoding", "utf-8")

    def write(folder: Path) -> Path:
        return _file(folder, _text(make(_plain()), **how).encode(encoding), name)

    return write


def _with(name: str, of: Callable[[int], Any]) -> Callable[[Columns], Columns]:
    """The plain table with one more column, by row."""
    return lambda columns: {**columns, name: [of(row) for row in range(len(columns["left"]))]}


def _map(name: str, of: Callable[[Any], Any]) -> Callable[[Columns], Columns]:
    """The plain table with one column changed."""
    return lambda columns: {**columns, name: [of(value) for value in columns[name]]}


def _bytes(content: str | bytes, name: str = "table.csv") -> Callable[[Path], Path]:
    return lambda folder: _file(folder, content, name)


def _spend(row: int) -> float:
    return round(float(np.random.default_rng(row).gamma(2, 800)), 2)


def _parquet(folder: Path) -> Path:
    columns = _plain()
    days = [date(2024, 1, 1) + timedelta(days=row) for row in range(ROWS)]
    frame = pl.DataFrame({**columns, "active": [month % 2 == 0 for month in columns["months"]], "since": days})
    frame.write_parquet(folder / "table.parquet")
    return folder / "table.parquet"


def _json_lines(folder: Path, extra: Callable[[int], Any] = lambda row: row % 3 == 0) -> Path:
    columns = _plain()
    rows = zip(columns["months"], columns["plan"], columns["left"], strict=True)
    lines = [
        json.dumps({"months": None if row % 9 == 0 else months, "plan": plan, "extra": extra(row), "left": left})
        for row, (months, plan, left) in enumerate(rows)
    ]
    return _file(folder, "\n".join(lines) + "\n", "table.jsonl")


def _rare(rows: int) -> list[str]:
    """One positive in forty, most of them in the first months."""
    months = np.array(_plain(rows)["months"])
    left = _random().random(rows) < np.where(months < 5, 0.35, 0.004)
    return ["yes" if is_left else "no" for is_left in left]


def _wide(folder: Path) -> Path:
    random = _random()
    values = random.normal(size=(ROWS, 500)).round(3)
    columns: Columns = {f"measure {column}": values[:, column].tolist() for column in range(500)}
    left = np.where(values[:, 3] + random.normal(0, 0.3, ROWS) > 0, "yes", "no").tolist()
    return _file(folder, _text({**columns, "left": left}))


def _gzip(folder: Path) -> Path:
    return _file(folder, gzip.compress(_text(_plain()).encode()), "table.csv.gz")


def _multiclass(folder: Path) -> Path:
    random = _random()
    size = random.normal(size=600)
    seen = size + random.normal(0, 0.2, 600)
    grade = np.where(seen < -0.5, "small", np.where(seen > 0.5, "large", "middle")).tolist()
    grade[:3] = ["smal", "LARGE", "?!"]
    return _file(
        folder, _text({"size": size.round(4).tolist(), "noise": random.normal(size=600).tolist(), "left": grade})
    )


def _stars(folder: Path) -> Path:
    random = _random()
    price = random.gamma(2, 20, 400)
    stars = np.clip(np.round(price / 20 + random.normal(0, 0.4, 400)), 1, 5).astype(int)
    return _file(folder, _text({"price": price.round(2).tolist(), "left": stars.tolist()}))


def _house_prices(folder: Path) -> Path:
    random = _random()
    area, rooms = random.uniform(30, 200, 400), random.integers(1, 7, 400)
    price = 3000 * area + 9000 * rooms + random.normal(0, 40000, 400)
    return _file(
        folder,
        _text(
            {"area": [f"{a:.1f} m2" for a in area], "rooms": rooms.tolist(), "left": [f"${p:,.0f}" for p in price]}, "|"
        ),
        "table.txt",
    )


def _by_day(form: str) -> Callable[[Columns], Columns]:
    return _with("signed up", lambda row: (date(2023, 1, 2) + timedelta(days=2 * row)).strftime(form))


ZOO = (
    Animal(
        name="semicolons and decimal commas",
        write=lambda folder: _file(
            folder, _text({**_plain(), "spend": [f"{_spend(row):.2f}".replace(".", ",") for row in range(ROWS)]}, ";")
        ),
        kinds={"spend": "numeric"},
        asked={"spend": 1200.5},
    ),
    Animal(name="tabs", write=_csv(dict, delimiter="\t", name="table.tsv"), kinds={"months": "numeric"}),
    Animal(name="pipes", write=_csv(dict, delimiter="|", name="table.txt"), kinds={"plan": "categorical"}),
    Animal(
        name="a Windows encoding",
        write=_csv(_map("plan", lambda plan: f"{plan} für Köln"), encoding="cp1252"),
        asked={"plan": "pro für Köln"},
    ),
    Animal(
        name="UTF-16",
        write=_csv(_map("plan", lambda plan: f"{plan} Łódź"), encoding="utf-16"),
        asked={"plan": "pro Łódź"},
    ),
    Animal(name="a byte order mark", write=_csv(dict, encoding="utf-8-sig"), kinds={"months": "numeric"}),
    Animal(name="gzip", write=_gzip),
    Animal(
        name="names of rows under no name",
        # As pandas numbers the rows of two tables that were put together.
        write=_csv(lambda columns: {'""': [row % 200 for row in range(ROWS)], **columns}),
        kinds={"(unnamed)": "out"},
        said=("has no name in the head",),
    ),
    Animal(
        name="days under no name",
        write=_csv(lambda columns: {"": [date(2024, 1, 1) + timedelta(days=row) for row in range(ROWS)], **columns}),
        said=("By `(unnamed)`, 2024-01-01 to 2025-02-03.",),
    ),
    Animal(name="Parquet with truth values and dates", write=_parquet, kinds={"active": "categorical", "since": "out"}),
    Animal(
        name="JSON lines with nulls and truth values",
        write=_json_lines,
        kinds={"months": "numeric", "extra": "categorical"},
        asked={"months": None},
    ),
    Animal(
        name="JSON lines with lists",
        write=lambda folder: _json_lines(folder, lambda row: [row]),
        kinds={"extra": "out"},
    ),
    Animal(
        name="JSON lines of mixed types",
        write=lambda folder: _json_lines(folder, lambda row: "n/a" if row % 40 == 1 else row % 17),
        kinds={"extra": "numeric"},
    ),
    Animal(
        name="thousands separators",
        write=lambda folder: _file(
            folder, _text({**_plain(), "spend": [f"{1000 * _spend(row):,.2f}" for row in range(ROWS)]}, ";")
        ),
        kinds={"spend": "numeric"},
        asked={"spend": 1234567.5},
    ),
    Animal(
        name="dollars",
        write=_csv(_with("spend", lambda row: f"${_spend(row):.2f}")),
        kinds={"spend": "numeric"},
        asked={"spend": 99},
    ),
    Animal(
        name="euros as Germans write them",
        write=lambda folder: _file(
            folder,
            _text(
                {
                    **_plain(),
                    "spend": [
                        f"{1000 * _spend(row):,.2f} €".translate(str.maketrans(",.", ".,")) for row in range(ROWS)
                    ],
                },
                ";",
            ),
        ),
        kinds={"spend": "numeric"},
    ),
    Animal(
        name="percentages",
        write=_csv(_with("discount", lambda row: f"{row % 40} %")),
        kinds={"discount": "numeric"},
        asked={"discount": 12.5},
    ),
    Animal(
        name="accountants' negatives",
        write=_csv(_with("balance", lambda row: f"({row})" if row % 3 else f"{row}")),
        kinds={"balance": "numeric"},
        asked={"balance": -3},
    ),
    Animal(
        name="other spellings of nothing",
        write=_csv(_map("months", lambda months: "-" if months % 7 == 0 else months)),
        kinds={"months": "numeric"},
        asked={"months": None},
    ),
    Animal(
        name="a few texts among numbers",
        write=_csv(_with("score", lambda row: "ask Bob" if row == 17 else row % 31)),
        kinds={"score": "numeric"},
    ),
    Animal(
        name="half texts, half numbers",
        write=_csv(_with("room", lambda row: f"A{row % 4}" if row % 2 else row % 5)),
        kinds={"room": "categorical"},
        asked={"room": "A1"},
    ),
    Animal(
        name="postcodes",
        write=_csv(_with("postcode", lambda row: f"{(row * 37) % 60:05d}")),
        kinds={"postcode": "categorical"},
        asked={"postcode": "00037"},
    ),
    Animal(
        name="a thousand cities",
        write=lambda folder: _file(
            folder, _text({**_plain(3000), "city": [f"city {(row * row) % 1009}" for row in range(3000)]})
        ),
        kinds={"city": "categorical"},
        asked={"city": "nowhere"},
    ),
    Animal(
        name="identifiers",
        write=_csv(_with("customer", lambda row: f"C-{row * 7919 % 99991:06d}")),
        kinds={"customer": "out"},
    ),
    Animal(name="a row number", write=_csv(_with("row", lambda row: row + 1)), kinds={"row": "out"}),
    Animal(
        name="a constant and an empty column",
        write=_csv(lambda columns: {**columns, "country": ["NO"] * ROWS, "fax": [None] * ROWS}),
        kinds={"country": "out", "fax": "out"},
    ),
    Animal(
        name="free text",
        write=_csv(
            _with("remark", lambda row: f"Called on day {row} and said that nothing works; wants {row * 3} back")
        ),
        kinds={"remark": "out"},
    ),
    Animal(
        name="ISO dates",
        write=_csv(_by_day("%Y-%m-%d")),
        options=("--time-column", "signed up"),
        kinds={"signed up": "out"},
    ),
    Animal(
        name="American dates",
        write=_csv(_by_day("%m/%d/%Y")),
        options=("--time-column", "signed up"),
        kinds={"signed up": "out"},
    ),
    Animal(
        name="seconds since 1970",
        write=_csv(_with("at", lambda row: 1_700_000_000 + 86_400 * row)),
        options=("--time-column", "at"),
        kinds={"at": "out"},
    ),
    Animal(
        name="a copy of the outcome",
        write=_csv(lambda columns: {**columns, "churned": [int(left == "yes") for left in columns["left"]]}),
        kinds={"churned": "out"},
        said=("churned",),
    ),
    Animal(
        name="a sum that tells the outcome",
        write=_csv(
            lambda columns: {
                **columns,
                "refund": [(100 if left == "yes" else 0) + row % 40 for row, left in enumerate(columns["left"])],
            }
        ),
        kinds={"refund": "out"},
        said=("refund",),
    ),
    Animal(name="classes misspelt once each", write=_multiclass, task="multiclass", kinds={"size": "numeric"}),
    Animal(name="stars from one to five", write=_stars, task="multiclass", said=("--task regression",)),
    Animal(
        name="prices with units", write=_house_prices, task="regression", kinds={"area": "numeric"}, asked={"area": 70}
    ),
    Animal(name="every row twice", write=_csv(lambda columns: {name: [*v, *v] for name, v in columns.items()})),
    Animal(
        name="outcomes that are not known",
        write=_csv(
            lambda columns: {
                **columns,
                "left": ["" if row % 5 == 0 else left for row, left in enumerate(columns["left"])],
            }
        ),
    ),
    Animal(
        name="one positive in forty",
        write=lambda folder: _file(folder, _text({**_plain(1200), "left": _rare(1200)})),
    ),
    Animal(name="five hundred columns", write=_wide, options=("--drop", "measure 7")),
    Animal(
        name="names to trip over",
        write=lambda folder: _file(
            folder,
            _text(
                {
                    **_plain(),
                    '"say ""hi"""': [row % 9 for row in range(ROWS)],
                    "class": [row % 4 for row in range(ROWS)],
                    "<script>alert(1)</script>": [row % 3 for row in range(ROWS)],
                    "größe (m²)": [row % 5 for row in range(ROWS)],
                    "'; drop table": [row % 7 for row in range(ROWS)],
                }
            ),
        ),
        asked={'say "hi"': 3, "größe (m²)": 2},
    ),
    Animal(
        name="line breaks in cells",
        write=_csv(_map("plan", lambda plan: f'"{plan}\nyearly"')),
        asked={"plan": "pro\nyearly"},
    ),
    Animal(
        name="infinities and huge numbers",
        write=_csv(_with("ratio", lambda row: "inf" if row == 4 else "1e300" if row == 5 else row * 37 % 101 / 7)),
        kinds={"ratio": "out"},
    ),
    Animal(name="very long categories", write=_csv(_map("plan", lambda plan: plan * 100)), kinds={"plan": "out"}),
    Animal(name="an outcome that never changes", write=_csv(_map("left", lambda _: "no")), refused="'no'"),
    Animal(name="a target that is not there", write=_csv(dict), target="lefft", refused="'left'"),
    Animal(name="twenty rows", write=lambda folder: _file(folder, _text(_plain(20))), refused="20"),
    Animal(name="nothing", write=_bytes(b""), refused="no rows"),
    Animal(name="only a head", write=_bytes("months,plan,left\n"), refused="no rows"),
    Animal(name="a ragged row", write=_bytes(_text(_plain()) + "1,basic\n"), refused="row 401"),
    Animal(name="one name twice", write=_bytes(_text(_plain()).replace("plan", "months", 1)), refused="'months'"),
    Animal(name="a name for each row", write=_csv(_with("left", lambda row: f"name {row}")), refused="400"),
    Animal(
        name="a picture", write=_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(300), "table.csv"), refused="table.csv"
    ),
    Animal(
        name="a page",
        write=_bytes("<!doctype html>\n<html><body>\n<p>Sign in, please</p>\n</body></html>\n"),
        refused="HTML",
    ),
    Animal(
        name="nothing to learn from",
        write=lambda folder: _file(
            folder, _text({"customer": [f"C{row:04d}" for row in range(ROWS)], "left": _plain()["left"]})
        ),
        refused="column",
    ),
    Animal(name="a spreadsheet", write=_bytes(b"PK\x03\x04" + bytes(200), "table.xlsx"), refused=".csv"),
)
