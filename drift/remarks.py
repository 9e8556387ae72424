"""What a check has to say beside its findings: rows that were left out or left for later."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from core.tags import is_tag
from drift.memory import Memory

# What ended so long ago is not shown any more.
SHOWN: Final = timedelta(days=28)


def remarks(
    memory: Memory, span: tuple[datetime, datetime] | None, now: datetime, *, first_look: datetime | None
) -> Iterator[str]:
    """
    Sentences for the notes of a report.

    Args:
        memory: After the check.
        span: When the oldest and the newest row were answered; None if there is none.
        now: When the check believes it is.
        first_look: Before which the rows were not looked at; None if the check was not the first.
    """
    yield from _passed_over(memory)
    if memory.days_until is not None and memory.days_until > now:
        yield (
            f"Every day before {memory.days_until:%Y-%m-%d} counts as judged, which is later than now; "
            "begin anew with --forget to judge them again."
        )
    if span is None:
        return
    oldest, newest = span
    if now - newest > SHOWN:
        yield (
            f"The newest row is from {newest:%Y-%m-%d}, and what was found so long ago is not shown; "
            f"to see how it stood, check with --forget --as-of {newest + timedelta(days=1):%Y-%m-%d}."
        )
    if newest > now:
        yield f"The newest row is from {newest:%Y-%m-%d %H:%M} UTC, which is to come; it is left for later."
    if first_look is not None and oldest < first_look:
        yield f"Rows from before {first_look:%Y-%m-%d} were not looked at, as a first check looks back 26 weeks."


def _passed_over(memory: Memory) -> Iterator[str]:
    rows: dict[str, int] = {}
    problems: dict[str, str] = {}
    for each in memory.passed_over:
        rows[each.tag] = rows.get(each.tag, 0) + each.rows
        problems[each.tag] = each.problem
    for tag, count in rows.items():
        name = tag if is_tag(tag) else repr(tag)
        what = "1 row" if count == 1 else f"{count:,} rows"
        yield f"{what} of the last seven days, answered by {name}, could not be compared: {problems[tag]}."
