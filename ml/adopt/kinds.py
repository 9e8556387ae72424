"""What one column is: a numeric feature, a categorical one, or none, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core.contract import (
    MAX_MAGNITUDE,
    MAX_TEXT_LENGTH,
    CategoricalFeature,
    DriftRole,
    NumericFeature,
)
from ml.adopt.calendars import calendar_range, cycle_of, is_year
from ml.adopt.decisions import FeatureDecision, LeftOut
from ml.adopt.names import name_problem, says_identifier
from ml.adopt.phrases import number, percent, quoted, rows
from ml.adopt.profile import ColumnProfile, NumberProfile
from ml.adopt.ranges import friendly_range, has_outlier, year_range
from ml.adopt.spellings import of_look_alikes
from ml.adopt.targets import in_order
from ml.adopt.time_column import is_clock, is_mostly_clock

MOST_CATEGORIES = 200
MIN_CATEGORY_ROWS = 20
# Of rows: so many values may read as no number before a column is none.
MAX_STRANGE_SHARE = 0.01
_FEW_CATEGORIES = 20
_MIN_COVERED = 0.05
_MIN_KNOWN = 20
_MOSTLY_DISTINCT, _NEARLY_ALL = 0.5, 0.95
_NEARLY_CONSTANT = 0.999
_TEXT_WORDS = 4.0


def describe(column: ColumnProfile, *, is_kept: bool) -> FeatureDecision | LeftOut:
    """
    Decide one column by its own values.

    Args:
        column: Neither the target nor the time column.
        is_kept: Whether the person wishes it, whatever it looks like.
    """
    problem = next(_hopeless(column), None)
    if problem is None and not is_kept:
        problem = next(_pointless(column), None)
    if problem is not None:
        return LeftOut(name=column.name, reason=problem)
    if column.numbers is not None and _is_amount(column, column.numbers):
        return _numeric(column, column.numbers)
    return _categorical(column)


def _hopeless(column: ColumnProfile) -> Iterator[str]:
    """Why a column cannot be a feature, whatever anybody wishes."""
    numbers = column.numbers
    problem = name_problem(column.name)
    if problem is not None:
        yield problem
    if column.missing == column.rows:
        yield "No row has a value."
    if column.dtype == "other":
        yield (
            "It holds lists or tables, or bytes, durations or times of day: write what matters of them as columns of "
            "numbers or texts."
        )
    if column.dtype == "time" or is_clock(column):
        yield (
            "It holds dates or times, which are no features: add the number of days that matter (since then, until "
            "then) or the month as a column."
        )
    infinite = column.rows - column.missing - (numbers.count if numbers else 0)
    if column.dtype == "number" and infinite and (numbers is None or not _is_amount(column, numbers)):
        yield f"It is infinite in {rows(infinite, column.rows)}, too many to leave out: leave those cells empty."
    if numbers is not None and max(abs(numbers.low), abs(numbers.high)) > MAX_MAGNITUDE:
        yield f"It holds numbers beyond {MAX_MAGNITUDE:g}, which the model's 32 bits do not reach."


def _pointless(column: ColumnProfile) -> Iterator[str]:
    """Why a column would teach a model nothing."""
    known = column.rows - column.missing
    if column.distinct == 1 and not column.missing:
        yield f"It is {quoted([column.top[0][0]])} in every row."
    if known < min(_MIN_KNOWN, column.rows // 20):
        yield f"Only {rows(known, column.rows)} have a value, too few to learn from."
    if column.distinct == 1 and column.missing < _MIN_KNOWN:
        yield f"It is {quoted([column.top[0][0]])} in all rows but {column.missing}, where it is missing."
    if is_mostly_clock(column):
        strange = column.rows - column.missing - (column.times.count if column.times else 0)
        yield (
            f"It holds dates or times, but for {rows(strange, column.rows)}: leave those cells empty, and add the "
            "number of days that matter (since then, until then) or the month as a column."
        )
    if column.numbers is not None and _is_amount(column, column.numbers):
        yield from _number_of_rows(column, column.numbers)
    else:
        yield from _name_of_rows(column)


def _number_of_rows(column: ColumnProfile, numbers: NumberProfile) -> Iterator[str]:
    known, is_named = column.rows - column.missing, says_identifier(column.name)
    if numbers.whole and numbers.rising and (numbers.high - numbers.low < 2 * known or is_named):
        yield "It numbers the rows: each value is larger than the one before it in the file."
    if numbers.whole and is_named and _FEW_CATEGORIES < column.distinct >= known / 2:
        yield (
            "It names things and measures nothing: its name says so, and there are "
            f"{column.distinct:,} numbers in {known:,} rows."
        )


def _name_of_rows(column: ColumnProfile) -> Iterator[str]:
    known = column.rows - column.missing
    share = column.distinct / known
    if share >= _MOSTLY_DISTINCT and column.mean_words >= _TEXT_WORDS:
        yield (
            f"It holds free text ({column.mean_words:.0f} words in the mean, up to {column.longest:,} characters), "
            "which this model does not read: add what matters of it as columns, such as its length or whether a word "
            "is in it."
        )
    is_name = share >= _MOSTLY_DISTINCT and says_identifier(column.name) and column.distinct > MOST_CATEGORIES
    if is_name or (share >= _NEARLY_ALL and column.distinct > _FEW_CATEGORIES):
        yield f"It names the rows: there are {column.distinct:,} values in {known:,} rows."


def _is_amount(column: ColumnProfile, numbers: NumberProfile) -> bool:
    """Whether a column is numeric: all values but a few are numbers, and none is a code such as 01234."""
    strange = column.rows - column.missing - numbers.count
    return not numbers.padded and strange <= MAX_STRANGE_SHARE * column.rows and numbers.count > strange


def _numeric(column: ColumnProfile, numbers: NumberProfile) -> FeatureDecision:
    natural = calendar_range(column.name, numbers)
    role = DriftRole.TESTED if natural is None else DriftRole.CALENDAR
    low, high = natural or (year_range(numbers) if is_year(column.name, numbers) else friendly_range(numbers))
    kind = "Whole numbers" if numbers.whole else "Numbers"
    unit = f", written with {quoted([numbers.unit])} in the file; callers send the number alone" if numbers.unit else ""
    sentences = [f"{kind} from {number(numbers.low)} to {number(numbers.high)}{unit}."]
    if natural is not None:
        sentences.append("It follows the calendar, so drift does not compare it.")
    strange = column.rows - column.missing - numbers.count
    if strange:
        values = quoted([value for value, _ in column.strange], 3) or "infinite numbers"
        sentences.append(f"{rows(strange, column.rows)} hold something else ({values}) and are left out of training.")
    return FeatureDecision(
        feature=NumericFeature(
            name=column.name, unit=numbers.unit, low=low, high=high, nullable=column.missing > 0, drift=role
        ),
        reason=" ".join([*sentences, *_of_missing(column)]),
        missing=column.missing,
        faulty=strange,
        remarks=(*_of_outliers(column.name, numbers), *_of_constancy(column)),
    )


def _of_missing(column: ColumnProfile) -> Sequence[str]:
    if not column.missing:
        return ()
    words = [*column.nothings, *column.spellings]
    spelled = f", some written as {quoted(words)}" if words else ""
    return (f"{rows(column.missing, column.rows)} have none{spelled}, so callers may send null.",)


def _of_outliers(name: str, numbers: NumberProfile) -> Sequence[str]:
    inner = numbers.high_tail - numbers.low_tail
    ends = [(numbers.low, numbers.low_tail - numbers.low), (numbers.high, numbers.high - numbers.high_tail)]
    far = [number(value) for value, beyond in ends if has_outlier(beyond, inner)]
    if not far:
        return ()
    bulk = f"{number(numbers.low_tail)} to {number(numbers.high_tail)}"
    remark = (
        f"{quoted([name])} holds {' and '.join(far)}, far from all but one in a thousand values ({bulk}): if that "
        "stands for nothing, add it to missing in [dataset]; if it is an error, correct it and narrow the range."
    )
    return (remark,)


def _of_constancy(column: ColumnProfile) -> Sequence[str]:
    known = column.rows - column.missing
    if not column.top or column.top[0][1] < _NEARLY_CONSTANT * known or column.distinct == 1:
        return ()
    value, count = column.top[0]
    return (f"{quoted([column.name])} is {quoted([value])} in {rows(count, known)}: it can tell little.",)


def _categorical(column: ColumnProfile) -> FeatureDecision | LeftOut:
    known = column.rows - column.missing
    least = _least_rows(column)
    listed = [each for each in column.top if each[1] >= least and len(each[0]) <= MAX_TEXT_LENGTH][:MOST_CATEGORIES]
    if not listed:
        return LeftOut(
            name=column.name,
            reason=f"Its {column.distinct:,} values are in fewer than {least} rows each, too few to learn from.",
        )
    covered = sum(count for _, count in listed)
    if covered < _MIN_COVERED * known:
        return LeftOut(name=column.name, reason=_scattered(column, covered))
    names = [name for name, _ in listed]
    cycle = cycle_of(names)
    sentences = [_kind_of(column, listed, least, known)]
    if cycle is not None:
        sentences.append("It follows the calendar, so drift does not compare it.")
    remarks = [*_of_constancy(column), *of_look_alikes(column.name, names)]
    for word, count in column.nothings.items():
        remarks.append(
            f"{quoted([column.name])} is {quoted([word])} in {rows(count, column.rows)}, which is read as nothing: if "
            "it is a value, add it to the categories."
        )
    if covered < known / 2:
        remarks.append(
            f"{quoted([column.name])}: {percent(known - covered, known)} of the values are too rare to be listed; "
            "group them if you can, such as towns to regions."
        )
    return FeatureDecision(
        feature=CategoricalFeature(
            name=column.name,
            categories=tuple(
                sorted(names, key=lambda name: (cycle.index(name.strip().lower()), name)) if cycle else in_order(names)
            ),
            nullable=column.missing > 0,
            drift=DriftRole.CALENDAR if cycle else DriftRole.TESTED,
        ),
        reason=" ".join([*sentences, *_of_missing(column)]),
        missing=column.missing,
        remarks=tuple(remarks),
    )


def _scattered(column: ColumnProfile, covered: int) -> str:
    known = column.rows - column.missing
    reason = (
        f"It has {column.distinct:,} values, and those with rows enough to learn from are {percent(covered, known)} of "
        "what is there."
    )
    if any(letter.isdigit() for letter in column.top[0][0]):
        reason += " If they are numbers, write them as the table's other numbers are written."
    return reason


def _least_rows(column: ColumnProfile) -> int:
    """Rows that a value needs to be listed; a few values are all listed, and a small table asks for less."""
    if column.distinct <= _FEW_CATEGORIES:
        return 1
    return min(MIN_CATEGORY_ROWS, max(3, column.rows // 500))


def _kind_of(column: ColumnProfile, listed: Sequence[tuple[str, int]], least: int, known: int) -> str:
    shown = ", ".join(f"{quoted([name])} {percent(count, known)}" for name, count in listed[:3])
    others = column.distinct - len(listed)
    what = "Codes" if column.numbers is not None and column.numbers.padded else "Texts"
    about = "" if column.distinct_is_exact else "about "
    plural = "value" if column.distinct == 1 else "values"
    head = f"{what} of {about}{column.distinct:,} {plural}: {shown}{', and so on' if len(listed) > 3 else ''}."
    if others <= 0:
        return head
    covered = sum(count for _, count in listed)
    rule = f"with {least} rows or more" if len(listed) < MOST_CATEGORIES else "that are the most frequent"
    return (
        f"{head} Listed are the {len(listed):,} {rule}, {percent(covered, known)} of what is there; the others are "
        "scored as unseen."
    )
