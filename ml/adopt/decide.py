"""From what a table holds to what each of its columns is, and why: pure decisions."""

from __future__ import annotations

import difflib
import math
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace

import polars as pl

from core.contract import CategoricalFeature, DriftRole
from core.errors import DatasetError
from ml.adopt.decisions import Decisions, FeatureDecision, LeftOut, TargetDecision, TimeDecision, Wishes
from ml.adopt.kinds import describe
from ml.adopt.phrases import quoted, rows
from ml.adopt.profile import ColumnProfile, TableProfile
from ml.adopt.targets import MIN_CLASS_ROWS, decide_target
from ml.adopt.time_column import choose_time
from ml.datasets.csv_file import UNNAMED

_NAMES_OF_ROWS = (
    "The first column has no name in the head, as R and pandas write the names of rows. If it is more, name it there."
)
DEFAULT_FAULTY_SHARE = 0.01
DEFAULT_TRIALS = 10
_MOST_FAULTY_SHARE = 0.05
_TINY_ROWS, _SMALL_ROWS, _HUGE_ROWS = 150, 200, 1_000_000
# Fewer are chance in a table of few columns.
_DUPLICATE_SHARE = 0.01
_HUGE_TRIALS = 4
# The gate judges a group from 500 rows of the holdout on, which is a fifth of the table.
_MIN_SEGMENT_ROWS = 2_500
_MOST_SEGMENTS, _MOST_GROUPS = 2, 12


def decide(profile: TableProfile, wishes: Wishes) -> Decisions:
    """
    Decide what is predicted from what.

    Args:
        profile: What the table holds.
        wishes: What the person said.

    Raises:
        DatasetError: if nothing can be predicted from this table in this way, saying why and what to do.
    """
    columns = {column.name: column for column in profile.columns}
    _require_known(columns, wishes, profile.source)
    target = decide_target(columns[wishes.target], wishes, profile.source)
    others = [column for column in profile.columns if column.name not in (wishes.target, *wishes.drop)]
    time = choose_time(others, wishes.time_column, profile.source)
    found: dict[str, FeatureDecision | LeftOut] = {
        column.name: describe(column, is_kept=column.name in wishes.keep)
        for column in others
        if column.name != time.name
    }
    if UNNAMED in found and UNNAMED not in wishes.keep:
        found[UNNAMED] = LeftOut(name=UNNAMED, reason=_NAMES_OF_ROWS)
    found |= {name: LeftOut(name=name, reason="It was named by --drop.") for name in wishes.drop}
    _refuse_hopeless(found, wishes, profile.source)
    found |= _copies(profile.sample, found, wishes)
    found |= _too_faulty(found, profile.rows, target.rows)
    order = [name for name in columns if name in found]
    features = tuple(each for name in order if isinstance(each := found[name], FeatureDecision))
    if not features:
        raise DatasetError(
            f"{profile.source}: no column is left to predict {wishes.target!r} from: "
            f"{_reasons([each for each in found.values() if isinstance(each, LeftOut)])}"
        )
    read = [columns[wishes.target], *(columns[each.feature.name] for each in features)]
    words = {word for column in read for word in column.spellings}
    target = _without_words(target, columns[wishes.target], words)
    faulty = sum(each.faulty for each in features)
    strays = 0 if target.target.classes else columns[wishes.target].rows - columns[wishes.target].missing - target.rows
    return Decisions(
        target=target,
        features=features,
        left_out=tuple(each for name in order if isinstance(each := found[name], LeftOut)),
        time=time,
        form=replace(profile.form, time_format=time.form, missing=tuple(sorted(words))),
        shares=_shares(target.rows),
        max_faulty_share=_faulty_share(faulty + strays, target.rows),
        segments=_segments(features, columns),
        trials=_HUGE_TRIALS if profile.rows > _HUGE_ROWS else DEFAULT_TRIALS,
        remarks=_remarks(profile, target.remarks, features, time, faulty),
    )


def _without_words(target: TargetDecision, column: ColumnProfile, words: Collection[str]) -> TargetDecision:
    """The target without the values, among all that are the opposite of the positive one, that stand for nothing."""
    lost = {value: count for value, count in column.top if value in words and value not in target.target.classes}
    if not target.target.catch_all or not lost:
        return target
    (negative, count), positive = target.classes
    remark = (
        f"Rows whose outcome is {quoted(list(lost))} are not trained on, as that stands for nothing in other columns: "
        "if it is an outcome, write another word for it."
    )
    return replace(
        target,
        rows=target.rows - sum(lost.values()),
        classes=((negative, count - sum(lost.values())), positive),
        remarks=(*target.remarks, remark),
    )


def _require_known(columns: dict[str, ColumnProfile], wishes: Wishes, source: str) -> None:
    asked = [("--target", wishes.target), ("--time-column", wishes.time_column)]
    asked += [("--drop", name) for name in wishes.drop] + [("--keep", name) for name in wishes.keep]
    for option, name in asked:
        if name is not None and name not in columns:
            near = difflib.get_close_matches(name, list(columns), n=1, cutoff=0.6)
            advice = f"did you mean {near[0]!r}?" if near else f"its columns are {quoted(list(columns), 20)}"
            raise DatasetError(f"{source}: has no column {name!r} ({option}); {advice}")
    roles = [wishes.target, *([wishes.time_column] if wishes.time_column else []), *wishes.drop, *wishes.keep]
    twice = sorted({name for name in roles if roles.count(name) > 1})
    if twice:
        raise DatasetError(
            f"{source}: column {twice[0]!r} is named by more than one of --target, --time-column, --drop and --keep"
        )


def _refuse_hopeless(found: dict[str, FeatureDecision | LeftOut], wishes: Wishes, source: str) -> None:
    for name in wishes.keep:
        decision = found.get(name)
        if isinstance(decision, LeftOut):
            raise DatasetError(f"{source}: column {name!r} cannot be kept: {decision.reason}")


def _reasons(left_out: Sequence[LeftOut]) -> str:
    shown = " ".join(f"{quoted([each.name])}: {each.reason}" for each in left_out[:5])
    return shown + (f" And {len(left_out) - 5:,} more." if len(left_out) > 5 else "")


def _copies(sample: pl.DataFrame, found: dict[str, FeatureDecision | LeftOut], wishes: Wishes) -> dict[str, LeftOut]:
    """Columns that equal an earlier one in every row of the sample."""
    groups: dict[int, list[str]] = defaultdict(list)
    for name, decision in found.items():
        if isinstance(decision, FeatureDecision) and name in sample.columns:
            groups[_fingerprint(sample[name])].append(name)
    copies: dict[str, LeftOut] = {}
    for first, *others in groups.values():
        for name in others:
            if name not in wishes.keep and sample[name].cast(pl.String).equals(
                sample[first].cast(pl.String), null_equal=True
            ):
                copies[name] = LeftOut(name=name, reason=f"It equals {quoted([first])} in every row.")
    return copies


def _fingerprint(column: pl.Series) -> int:
    """A number that equal columns share."""
    return int(column.cast(pl.String).hash(seed=0).implode().hash(seed=0)[0])


def _too_faulty(found: dict[str, FeatureDecision | LeftOut], total: int, usable: int) -> dict[str, LeftOut]:
    """The columns with the most values that are no numbers, as far as all together would cost too many rows."""
    features = [each for each in found.values() if isinstance(each, FeatureDecision) and each.faulty]
    room, dropped = _MOST_FAULTY_SHARE * usable, {}
    for each in sorted(features, key=lambda each: (each.faulty, each.feature.name)):
        room -= each.faulty
        if room < 0:
            name = each.feature.name
            dropped[name] = LeftOut(
                name=name,
                reason=f"{rows(each.faulty, total)} hold no number, and with those of other columns that would be too "
                "many rows to leave out: clean them.",
            )
    return dropped


def _shares(usable: int) -> tuple[int, int]:
    """The usual 20 % and 15 %; of a small table more, so that either part has the 20 rows that it needs."""
    return (25, 25) if usable < _TINY_ROWS else (20, 20) if usable < _SMALL_ROWS else (20, 15)


def _faulty_share(faulty: int, total: int) -> float:
    """The default, or whole percents of the rows with an outcome, with room for as many again."""
    if 2 * faulty <= DEFAULT_FAULTY_SHARE * total:
        return DEFAULT_FAULTY_SHARE
    return min(math.ceil(200 * faulty / total) / 100, 1.0)


def _segments(features: Sequence[FeatureDecision], columns: dict[str, ColumnProfile]) -> tuple[str, ...]:
    """The first two features whose values make a few groups that are large enough to judge."""
    chosen = [
        each.feature.name
        for each in features
        if isinstance(each.feature, CategoricalFeature)
        and each.feature.drift is not DriftRole.CALENDAR
        and len(each.feature.categories) <= _MOST_GROUPS
        and sum(count >= _MIN_SEGMENT_ROWS for _, count in columns[each.feature.name].top) > 1
    ]
    return tuple(chosen[:_MOST_SEGMENTS])


def _remarks(
    profile: TableProfile,
    of_target: Sequence[str],
    features: Sequence[FeatureDecision],
    time: TimeDecision,
    faulty: int,
) -> tuple[str, ...]:
    remarks = [*profile.remarks, *of_target]
    if time.name is None and "--time-column" in time.reason:
        remarks.append(time.reason)
    if profile.duplicates >= _DUPLICATE_SHARE * profile.rows:
        remarks.append(
            f"{rows(profile.duplicates, profile.rows)} equal an earlier row in every column. If they are copies, "
            "remove them: a copy in the holdout of a row in training makes the model look better than it is."
        )
    if faulty:
        remarks.append(
            f"Up to {rows(faulty, profile.rows)} hold a value that is no number and are left out of training."
        )
    return (*remarks, *(remark for each in features for remark in each.remarks))


def without_late_classes(decisions: Decisions, early: dict[str, int]) -> Decisions:
    """
    Decisions without the classes that come too late to be learnt: training ends before they begin.

    Args:
        decisions: Of a table with a time column.
        early: Rows of each class in the part that is trained on, estimated for the whole table.
    """
    target = decisions.target
    late = tuple((name, count) for name, count in target.classes if early.get(name, 0) < MIN_CLASS_ROWS // 2)
    kept = tuple(each for each in target.classes if each not in late)
    if not late:
        return decisions
    names = quoted([name for name, _ in late])
    if len(kept) < 2:
        remark = (
            f"Nearly all rows whose outcome is {names} are among the newest, on which nothing is fitted, so that it "
            f"cannot be learnt: add earlier rows, or leave {decisions.time.name!r} out with --drop, and the rows are "
            "split at random."
        )
        return replace(decisions, remarks=(remark, *decisions.remarks))
    remark = f"Rows whose outcome is {names} are not trained on: nearly all of them are among the newest rows."
    changed = replace(
        target,
        target=replace(target.target, classes=tuple(name for name, _ in kept)),
        classes=kept,
        rows=sum(count for _, count in kept),
        left_out=(*target.left_out, *late),
        remarks=(*target.remarks, remark),
    )
    return replace(decisions, target=changed, remarks=(remark, *decisions.remarks))
