"""Which column says when a row happened."""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import DatasetError
from ml.adopt.decisions import TimeDecision
from ml.adopt.names import words
from ml.adopt.phrases import quoted, rows
from ml.adopt.profile import ColumnProfile, TimeProfile

# A fifth of so many days still holds the five that the gate needs to judge by days.
_MIN_DAYS = 30
_MIN_TIMES = 30
_MOSTLY = 0.9
_NOT_OF_THE_ROW = (
    "birth",
    "born",
    "dob",
    "birthday",
    "birthdate",
    "expires",
    "expiry",
    "due",
    "end",
    "until",
    "deadline",
)


def is_clock(column: ColumnProfile) -> bool:
    """Whether a column holds dates or times and nothing else."""
    known = column.rows - column.missing
    return column.times is not None and known > 0 and column.times.count == known


def is_mostly_clock(column: ColumnProfile) -> bool:
    """Whether nine of ten values of a column are dates or times, so that the others are errors or words."""
    return column.times is not None and column.times.count >= _MOSTLY * (column.rows - column.missing)


def choose_time(columns: Sequence[ColumnProfile], wanted: str | None, source: str) -> TimeDecision:
    """
    The time column: the one that was named, else the only one that can be it.

    A birthday is no time of a row, and of several columns nobody can tell which one is; then there is none, and why.

    Args:
        columns: All but the target and those to leave out.
        wanted: A name among them, or None.
        source: What to call the table.

    Raises:
        DatasetError: if the one that was named cannot be it.
    """
    if wanted is not None:
        return _named(next(column for column in columns if column.name == wanted), source)
    clocks = [column for column in columns if is_clock(column)]
    if not clocks:
        return TimeDecision(name=None, form="", reason="No column says when a row happened.")
    problems = {column.name: problem for column in clocks if (problem := _problem(column))}
    fit = [column for column in clocks if column.name not in problems]
    if not fit:
        said = "; ".join(f"{quoted([name])} {problem}" for name, problem in problems.items())
        return TimeDecision(name=None, form="", reason=f"No column is taken for the time of a row: {said}.")
    if len(fit) == 1:
        return _chosen(fit[0], "It is the only column of times that every row has, so rows are ordered by it.")
    rising = [column for column in fit if column.times is not None and column.times.rising]
    names = quoted([column.name for column in fit])
    if len(rising) == 1:
        return _chosen(rising[0], f"Of {names} it is the one that the table is sorted by; --time-column names another.")
    return TimeDecision(
        name=None,
        form="",
        reason=f"Several columns hold times ({names}), and none is taken: name the one that says when a row happened "
        "with --time-column, so that the model is judged on the newest rows.",
    )


def _problem(column: ColumnProfile) -> str | None:
    """Why a column of times is not taken without being named."""
    if column.times is None or column.missing:
        return f"is empty in {rows(column.missing, column.rows)}"
    if set(words(column.name)) & set(_NOT_OF_THE_ROW):
        return "does not say when a row happened, by its name"
    if column.distinct < _MIN_TIMES:
        return f"has only {column.distinct} different times"
    if column.times.first[:10] == column.times.last[:10] or _days(column.times) < _MIN_DAYS:
        return f"spans fewer than {_MIN_DAYS} days, too few to judge by days"
    return None


def _days(times: TimeProfile) -> int:
    """Days from the first to the last, to within a few: only their order of magnitude matters."""
    first, last = (_day_number(text) for text in (times.first, times.last))
    return last - first


def _day_number(iso: str) -> int:
    year, month, day = (int(part) for part in iso[:10].split("-"))
    return round(year * 365.25 + month * 30.44 + day)


def _named(column: ColumnProfile, source: str) -> TimeDecision:
    what = f"{source}: --time-column {column.name!r}"
    if column.times is None or column.times.count < column.rows - column.missing:
        found = quoted([column.first_row[0]]) if column.first_row else "nothing"
        raise DatasetError(
            f"{what} holds values that are no times, such as {found}; it takes dates or times throughout"
        )
    if column.missing:
        raise DatasetError(
            f"{what} is empty in {rows(column.missing, column.rows)}; fill them in, or leave those rows out"
        )
    return _chosen(column, "It was named by --time-column.")


def _chosen(column: ColumnProfile, reason: str) -> TimeDecision:
    times = column.times
    if times is None:
        return TimeDecision(name=None, form="", reason=reason)
    if times.ambiguous:
        reason += f" Day and month could be exchanged in every value; they are read as {times.form}, so check one."
    return TimeDecision(name=column.name, form=times.form, reason=reason, span=(times.first, times.last))
