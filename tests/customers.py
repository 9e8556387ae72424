"""The table of docs/adopting.md: customers of a telephone company, with what real tables hold."""

from __future__ import annotations

import csv
import hashlib
import math
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

ROWS = 1500
_NOTES = ("asked about the bill", "wants a faster line", "moved to another street", "was happy with the answer")
_TOWNS = ("Alta", "Bergen", "Bodø", "Drammen", "Hamar", "Molde", "Moss", "Oslo", "Skien", "Tromsø", "Voss")
_HEAD = (
    "customer_id", "signed_up", "born", "plan", "monthly_spend", "data_used", "support_calls", "town", "weekday",
    "roaming_mb", "newsletter", "country", "last_note", "refund", "left",
)  # fmt: skip


def write_customers(path: Path) -> None:
    """Write the table, the same bytes each time and everywhere: no random generator has a hand in it."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(_HEAD)
        rows.writerows(_row(number) for number in range(ROWS))


def _row(number: int) -> Sequence[object]:
    chance = {name: _chance(number, name) for name in _HEAD}
    signed_up = date(2023, 1, 2) + timedelta(days=number // 2)
    plan = "basic" if chance["plan"] < 0.6 else "plus" if chance["plan"] < 0.94 else "pro"
    spend = 9 + 70 * chance["monthly_spend"] ** 3
    calls = int(9 * chance["support_calls"] ** 3)
    summer = 1 - math.cos((signed_up.timetuple().tm_yday - 15) / 365 * 2 * math.pi)
    drive = 0.9 * (plan == "basic") + 0.6 * calls - 0.03 * spend - 1.5
    has_left = chance["left"] < 1 / (1 + math.exp(-drive))
    return (
        f"C-{number + 1:05}",
        signed_up.isoformat(),
        (date(2004, 12, 31) - timedelta(days=int(22_000 * chance["born"]))).isoformat(),
        plan,
        "" if chance["country"] < 0.06 else f"${spend:,.2f}",
        f"{round(100 * chance['data_used'])} %",
        calls,
        _TOWNS[int(len(_TOWNS) * chance["town"] ** 2)],
        signed_up.strftime("%a"),
        round(400 * summer * (0.5 + chance["roaming_mb"])),
        "true" if chance["newsletter"] < 0.3 else "false",
        "NO",
        f"{signed_up:%d %B}: {_NOTES[int(4 * chance['last_note'])]}, call {number}",
        f"${5 + 20 * chance['refund']:.2f}" if has_left else "",
        "" if number % 125 == 7 else "yes" if has_left else "no",
    )


def _chance(number: int, name: str) -> float:
    """A number in [0, 1) that looks random."""
    digest = hashlib.blake2b(f"{number} {name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
