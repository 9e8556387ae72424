"""What is predicted: a number, one of two values, or one of several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.contract import Target, Task
from core.errors import DatasetError
from ml.adopt.decisions import TargetDecision, Wishes
from ml.adopt.names import name_problem
from ml.adopt.phrases import number, percent, quoted, rows
from ml.adopt.profile import ColumnProfile
from ml.adopt.ranges import has_outlier
from ml.adopt.spellings import of_look_alikes
from ml.dataset import MIN_ROWS

# A random split gives a class of ten rows two in the holdout, two in validation and six to learn from.
MIN_CLASS_ROWS = 10
MOST_CLASSES = 100
_MOST_NUMERIC_CLASSES = 10
_MOSTLY = 0.99
_POSITIVE = ("yes", "true", "1", "1.0", "y", "t", "positive", "pos", "ja", "oui", "si", "sí", "on")
_RARE_SHARE = 0.05


def decide_target(column: ColumnProfile, wishes: Wishes, source: str) -> TargetDecision:
    """
    The task, and the classes if there are any.

    Raises:
        DatasetError: if the column cannot be predicted, saying why and what to do.
    """
    what = f"{source}: target {column.name!r}"
    known, problem = column.rows - column.missing, name_problem(column.name)
    if problem is not None:
        raise DatasetError(f"{what} cannot be predicted. {problem}")
    if known < MIN_ROWS:
        raise DatasetError(f"{what} has a value in {known} rows; training takes at least {MIN_ROWS}")
    if column.distinct < 2:
        raise DatasetError(f"{what} is {quoted([column.top[0][0]])} in every row{_but_for_missing(column)}")
    if column.dtype == "other":
        raise DatasetError(
            f"{what} holds lists or tables, or bytes, durations or times of day; a model predicts a number or a class"
        )
    if _is_time(column):
        raise DatasetError(f"{what} holds dates or times; add the number of days until then as a column and predict it")
    task, reason = _task(column, wishes, what)
    if task is Task.REGRESSION:
        decision = _regression(column, reason, what)
    else:
        decision = _classes(column, wishes, task, reason, what)
    return decision


def _but_for_missing(column: ColumnProfile) -> str:
    if not column.missing:
        return "; a model needs at least two outcomes"
    return (
        f" but {column.missing:,} without an outcome (empty, or a word for nothing such as NA or None); a model needs "
        "at least two outcomes: if those rows have one, write another word for it"
    )


def _is_time(column: ColumnProfile) -> bool:
    return column.dtype == "time" or (column.times is not None and not is_numeric(column))


def is_numeric(column: ColumnProfile) -> bool:
    """Whether all but a few of a column's values read as numbers."""
    return column.numbers is not None and column.numbers.count >= _MOSTLY * (column.rows - column.missing)


def _task(column: ColumnProfile, wishes: Wishes, what: str) -> tuple[Task, str]:
    if wishes.positive is not None and wishes.task not in (None, Task.BINARY):
        raise DatasetError(f"{what}: --positive belongs to --task binary, and --task is {wishes.task}")
    if wishes.task is Task.REGRESSION and not is_numeric(column):
        strange = [value for value, _ in column.strange or column.top]
        raise DatasetError(f"{what}: --task regression takes numbers, and the column holds {quoted(strange)}")
    if wishes.task is not None:
        return wishes.task, f"--task {wishes.task} was said."
    if wishes.positive is not None:
        return Task.BINARY, f"--positive {wishes.positive} was said, so that any other value is the opposite."
    return _likely_task(column, what)


def _likely_task(column: ColumnProfile, what: str) -> tuple[Task, str]:
    if column.distinct == 2:
        return Task.BINARY, "The column has two values."
    if column.numbers is not None and is_numeric(column):
        kind = "whole numbers" if column.numbers.whole else "numbers with decimals"
        if not column.numbers.whole or column.distinct > _MOST_NUMERIC_CLASSES:
            return Task.REGRESSION, f"The column holds {kind} of {column.distinct:,} different values."
        return Task.MULTICLASS, (
            f"The column holds {kind} of only {column.distinct} different values, which are read as classes; if they "
            "are amounts, --task regression predicts them as numbers."
        )
    if column.distinct > MOST_CLASSES:
        raise DatasetError(
            f"{what} holds texts of {column.distinct:,} different values, such as "
            f"{quoted([value for value, _ in column.top], 3)}; a model takes up to {MOST_CLASSES} classes: choose "
            "another column, group the values, or name one with --positive"
        )
    return Task.MULTICLASS, f"The column holds texts of {column.distinct} different values."


def _regression(column: ColumnProfile, reason: str, what: str) -> TargetDecision:
    numbers = column.numbers
    if numbers is None or numbers.low >= numbers.high:
        raise DatasetError(f"{what} holds no two different numbers")
    remarks = list(_of_missing(column))
    others = column.rows - column.missing - numbers.count
    if others:
        strange = quoted([value for value, _ in column.strange], 3)
        remarks.append(f"{rows(others, column.rows)} hold no number as the target ({strange}) and are not trained on.")
    inner = numbers.high_tail - numbers.low_tail
    if has_outlier(numbers.high - numbers.high_tail, inner) or has_outlier(numbers.low_tail - numbers.low, inner):
        remarks.append(
            f"The target goes from {number(numbers.low)} to {number(numbers.high)}, but 99.8 % of it lie from "
            f"{number(numbers.low_tail)} to {number(numbers.high_tail)}: if the rest are errors, leave those rows out."
        )
    return TargetDecision(
        target=Target(name=column.name, task=Task.REGRESSION, unit=numbers.unit),
        reason=reason,
        rows=numbers.count,
        span=(numbers.low, numbers.high),
        remarks=tuple(remarks),
    )


def _of_missing(column: ColumnProfile) -> Sequence[str]:
    if not column.missing:
        return ()
    return (
        f"{rows(column.missing, column.rows)} have no outcome (empty, or a word such as NA) and are not trained on.",
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Counts:
    """Values with enough rows, and those with too few."""

    kept: tuple[tuple[str, int], ...]
    tiny: tuple[tuple[str, int], ...]


def _classes(column: ColumnProfile, wishes: Wishes, task: Task, reason: str, what: str) -> TargetDecision:
    if wishes.positive is not None:
        return _one_against_all(column, wishes.positive, reason, what)
    counts = _Counts(
        kept=tuple(each for each in column.top if each[1] >= MIN_CLASS_ROWS),
        tiny=tuple(each for each in column.top if each[1] < MIN_CLASS_ROWS),
    )
    if len(counts.kept) < 2:
        raise DatasetError(
            f"{what} has {len(counts.kept)} value with {MIN_CLASS_ROWS} rows or more; the values are "
            f"{_with_rows(column.top)}: a model needs two such classes"
        )
    if len(counts.kept) > MOST_CLASSES or column.distinct > len(column.top):
        raise DatasetError(f"{what} has {column.distinct:,} classes; up to {MOST_CLASSES} are taken")
    if wishes.task is None and task is Task.MULTICLASS and len(counts.kept) == 2:
        task, reason = Task.BINARY, "All but two values have too few rows."
    if task is Task.BINARY and len(counts.kept) > 2:
        raise DatasetError(
            f"{what}: --task binary takes two values, and the column holds {_with_rows(counts.kept)}; "
            "name one of them with --positive, and all others are the opposite"
        )
    alike = of_look_alikes(column.name, [value for value, _ in column.top])
    remarks = [*_of_missing(column), *alike, *_of_tiny(counts.tiny), *_of_rare(counts.kept)]
    order = _binary_order(counts.kept) if task is Task.BINARY else in_order([name for name, _ in counts.kept])
    if task is Task.BINARY:
        reason += f" {_why_positive(order)}"
    known = dict(counts.kept)
    return TargetDecision(
        target=Target(name=column.name, task=task, classes=tuple(order)),
        reason=reason,
        rows=sum(known.values()),
        classes=tuple((name, known[name]) for name in order),
        left_out=counts.tiny,
        remarks=tuple(remarks),
    )


def _one_against_all(column: ColumnProfile, positive: str, reason: str, what: str) -> TargetDecision:
    found = dict(column.top).get(positive, 0)
    total = column.rows - column.missing
    if not found:
        raise DatasetError(f"{what} never is {positive!r} (--positive); it is {_with_rows(column.top)}")
    if min(found, total - found) < MIN_CLASS_ROWS:
        raise DatasetError(
            f"{what} is {positive!r} in {found} of {total} rows; a model needs at least {MIN_CLASS_ROWS} of either sort"
        )
    others = [value for value, _ in column.top if value != positive]
    negative = others[0] if column.distinct == 2 else f"not {positive}"
    return TargetDecision(
        target=Target(name=column.name, task=Task.BINARY, classes=(negative, positive), catch_all=column.distinct != 2),
        reason=reason if column.distinct > 2 else f"The column has two values; --positive {positive} was said.",
        rows=total,
        classes=((negative, total - found), (positive, found)),
        remarks=(*_of_missing(column), *_of_rare([(negative, total - found), (positive, found)])),
    )


def _with_rows(counts: Sequence[tuple[str, int]]) -> str:
    shown = ", ".join(f"{quoted([name])} ({count:,})" for name, count in counts[:5])
    return shown + (f" and {len(counts) - 5:,} more" if len(counts) > 5 else "")


def _of_tiny(tiny: Sequence[tuple[str, int]]) -> Sequence[str]:
    if not tiny:
        return ()
    remark = (
        f"Rows whose outcome is {_with_rows(tiny)} are not trained on: fewer than {MIN_CLASS_ROWS} rows of a class are "
        "too few to learn it and to judge it."
    )
    return (remark,)


def _of_rare(kept: Sequence[tuple[str, int]]) -> Sequence[str]:
    total = sum(count for _, count in kept)
    rarest, count = min(kept, key=lambda each: each[1])
    if count >= _RARE_SHARE * total:
        return ()
    remark = (
        f"{quoted([rarest])} is rare: {percent(count, total)} of the rows. Accuracy says little then; look at how the "
        "model does on that class."
    )
    return (remark,)


def _binary_order(kept: Sequence[tuple[str, int]]) -> list[str]:
    """(negative, positive): by the usual spellings, else the rarer is positive."""
    spelled = [name for name, _ in kept if name.strip().lower() in _POSITIVE]
    positive = spelled[0] if len(spelled) == 1 else min(kept, key=lambda each: (each[1], each[0]))[0]
    (negative,) = (name for name, _ in kept if name != positive)
    return [negative, positive]


def _why_positive(order: Sequence[str]) -> str:
    positive = quoted([order[1]])
    if order[1].strip().lower() in _POSITIVE:
        return f"{positive} is read as the positive one, whose probability is predicted."
    return f"{positive} is the rarer one and so taken for the positive one; --positive takes the other."


def in_order(values: Sequence[str]) -> list[str]:
    """Numbers by their size, texts by the alphabet."""
    try:
        return sorted(values, key=lambda value: (float(value), value))
    except ValueError:
        return sorted(values)
