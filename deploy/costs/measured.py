"""What was measured of the service, and where; the rest of this package counts with it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

# `scripts/bench` on one core of a shared machine, one worker, everything on (docs/adr/0010): requests of one row a
# second, and rows a second in requests of a thousand.
SINGLES_A_SECOND: Final = 4314
BATCHED_ROWS_A_SECOND: Final = 92_930
_BATCH: Final = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """
    Bytes of a request with so many rows, of a table of 20 features.

    Attributes:
        rows: How many.
        answer: What goes back to the caller, its head included.
        line: What goes to the journal's database.
        sqlite: What it takes there, with its indexes.
        postgres: The same in Postgres, which packs what is long.
    """

    rows: int
    answer: float
    line: float
    sqlite: float
    postgres: float


# `scripts/bench storage`, 2026-11-26, 20,000 rows.
TAKEN: Final = (
    Taken(rows=1, answer=557, line=794, sqlite=748, postgres=851),
    Taken(rows=10, answer=1_542, line=2_115, sqlite=2_116, postgres=2_171),
    Taken(rows=100, answer=10_907, line=15_319, sqlite=16_425, postgres=8_561),
    Taken(rows=1000, answer=104_548, line=147_345, sqlite=148_070, postgres=53_248),
)
# An outcome, which has a line of its own; and a database of Postgres with nothing in the journal's tables.
OUTCOME_LINE, OUTCOME_SQLITE, OUTCOME_POSTGRES = 150, 214, 299
EMPTY_POSTGRES: Final = 7_811_555

# Until a job's own command begins, beside what it installs: a guess, as no runner of GitHub's was measured.
RUNNER_S: Final = 20
# `scripts/setup LEVEL` into nothing, no cache, 2026-11-26, on two cores beside a mirror of PyPI; `track` on top of
# `drift`.
INSTALL_S: Final[Mapping[str, float]] = MappingProxyType({"serve": 11, "drift": 9, "train": 14, "track": 2})
# The commands themselves: 4 s for a training that finds nothing new, 1 s for a check of drift over 20,000 rows.
WORK_S: Final = 5


def seconds_of_processor(rows: int) -> float:
    """What a request with so many rows takes of one core, by two points on a line."""
    single, batch = 1 / SINGLES_A_SECOND, _BATCH / BATCHED_ROWS_A_SECOND
    return single + (batch - single) * (rows - 1) / (_BATCH - 1)


def taken_by(rows: int, table: Sequence[Taken] = TAKEN) -> Taken:
    """
    What a request with so many rows takes, between two measured ones by a straight line.

    Args:
        rows: At least one; beyond the largest that was measured, as that one a row.
        table: What was measured, by rising rows.
    """
    above = bisect_left([each.rows for each in table], rows)
    if above == len(table):
        return _scaled(table[-1], table[-1], rows / table[-1].rows - 1)
    if table[above].rows == rows:
        return table[above]
    low, high = table[above - 1], table[above]
    step = Taken(
        rows=high.rows - low.rows,
        answer=high.answer - low.answer,
        line=high.line - low.line,
        sqlite=high.sqlite - low.sqlite,
        postgres=high.postgres - low.postgres,
    )
    return _scaled(low, step, (rows - low.rows) / step.rows)


def _scaled(base: Taken, step: Taken, times: float) -> Taken:
    return Taken(
        rows=round(base.rows + times * step.rows),
        answer=base.answer + times * step.answer,
        line=base.line + times * step.line,
        sqlite=base.sqlite + times * step.sqlite,
        postgres=base.postgres + times * step.postgres,
    )
