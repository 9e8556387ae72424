"""
Whether drift is called where nothing changed, and where something did.

The rows are the flights of 2013 with the features of the shipped example. A contiguous week is compared with the rest
of its quarter, whose own weeks give the thresholds; the naive test beside it takes every column at 5 %. The first two
weeks are left out there, as `flight_overrun_14d` begins empty, which is a change and is called one. A fault lasts for
three weeks, which are compared with the rest of their quarter; where its column is an alert without it, the case is
left out. Scores take no part. Seeds are fixed.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from bench.server import verdict
from core.contract import CategoricalFeature, DriftRole
from core.drift import Point, Severity
from core.effects import count_at_knots, counts_of, ks_distance
from core.reference import DAY, WEEK, Knots
from drift.columns import Columns
from drift.counts import Profile
from drift.simulation.choice import parse_fault
from drift.simulation.trial import MOST_WINDOWS, Case, strike
from drift.simulation.watch import Watch
from drift.statistics import ks_p_value
from drift.thresholds import Thresholds
from drift.verdict import Judgement
from example.bench.drift_data import Year, take

_SEED: Final = 20130101
# The day from which on every column looks back on days that are in the data.
_ALL_HAVE_BEGUN: Final = 14
_SIZES: Final = (500, 2_000, 10_000)
_NAIVE_LEVEL: Final = 0.05
# No week of the reference tells what is usual: the floor alone, for random splits the stricter trial.
_FLOOR_ALONE: Final = Thresholds(uncalibrated=0.03, min_windows=1_000_000)
# Each as it is written for the command line, and the share of cases in which it is to be an alert.
FAULTS: Final = {
    "unit:distance:0.45": 1.0,
    "new:carrier:0.01": 1.0,
    "new:carrier:0.05": 1.0,
    "swap:carrier:B6:MQ": 1.0,
    "shift:distance:0.25": 1.0,
    "shift:dep_delay:0.25": 1.0,
    "missing:temperature:0.05": 0.9,
    "unit:distance:0.45:0.1": 0.7,
    "swap:origin:EWR:LGA": 0.7,
}


def main() -> None:
    """Measure, and print a table and what is wanted for each question."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=500, help="random splits of each size (default: 500)")
    arguments = parser.parse_args()
    year = Year.load()
    random_splits(year, arguments.repeats)
    contiguous(year, WEEK, 7)
    contiguous(year, DAY, 1)
    faults(year)
    agreement(year)


def random_splits(year: Year, repeats: int) -> None:
    """A random half of the year as the reference, random rows of the other half as windows."""
    generator = np.random.default_rng(_SEED)
    order = generator.permutation(len(year.data))
    profile, others = year.profile(order[: len(order) // 2]), order[len(order) // 2 :]
    print(f"\n## Nothing changed: {repeats} random splits\n")
    print("| rows | warning or worse | alert | with a floor of 0.03 alone | naive |\n|---|---|---|---|---|")
    for rows in _SIZES:
        counts: Counter[str] = Counter()
        for _ in range(repeats):
            columns = take(year.columns, generator.choice(others, rows, replace=False))
            worst = _worst(Watch(profile=profile, length=WEEK).see(columns))
            counts["warning"] += _is_warning(worst)
            counts["alert"] += worst.is_alarming
            strict = Watch(profile=profile, length=WEEK, thresholds=_FLOOR_ALONE).see(columns)
            counts["strict"] += _is_warning(_worst(strict))
            counts["naive"] += naive(profile, columns)
        shares = {name: counts[name] / repeats for name in ("warning", "alert", "strict", "naive")}
        print(f"| {rows:,} | " + " | ".join(f"{share:.1%}" for share in shares.values()) + " |")
        print()
        verdict(f"{rows:,} rows, share of splits that alarm", max(shares["warning"], shares["strict"]), at_most=0.01)


def contiguous(year: Year, length: str, days: int) -> None:
    """Each window beside the rest of its quarter."""
    worsts, naives, columns_noted = [], [], Counter[str]()
    for windows in year.quarters(days, _ALL_HAVE_BEGUN):
        history: dict[str, list[Point]] = {}
        for number, window in enumerate(windows):
            rest = np.concatenate(windows[:number] + windows[number + 1 :])
            watch = Watch(profile=year.profile(rest, length), length=length, history=history)
            columns = take(year.columns, window)
            judged = watch.see(columns)
            worsts.append(_worst(judged))
            naives.append(naive(watch.profile, columns))
            columns_noted.update(each.evidence.column for each in judged if _is_warning(each.severity))
    count, alerts = len(worsts), sum(worst.is_alarming for worst in worsts)
    warnings = sum(_is_warning(worst) for worst in worsts)
    print(f"\n## Nothing changed: {count} contiguous windows of {days} days beside the rest of their quarter\n")
    print("| | windows | share |\n|---|---|---|")
    for name, found in (("alert", alerts), ("warning or worse", warnings), ("naive test alarms", sum(naives))):
        print(f"| {name} | {found} | {found / count:.1%} |")
    print(f"\ncolumns noted: {', '.join(f'{name} {times}' for name, times in columns_noted.most_common())}\n")
    if length == WEEK:
        verdict("weeks with an alert", alerts, at_most=0)
        verdict("share of weeks with a warning", warnings / count, at_most=0.2)


def faults(year: Year) -> None:
    """Each fault from every week on that has two more in its quarter, beside the rest of the quarter."""
    contract = year.problem.contract
    chosen = [parse_fault(text, contract) for text in FAULTS]
    caught = strike(_faulty_weeks(year), chosen, np.random.default_rng(_SEED))
    print("\n## Something changed: alerts within 1, 2, 3 weekly windows\n")
    print("| fault | cases | 1 | 2 | 3 |\n|---|---|---|---|---|")
    for each in caught:
        print(f"| {each.fault} | {each.cases} | " + " | ".join(f"{share:.0%}" for share in each.within) + " |")
    print()
    for each, wanted in zip(caught, FAULTS.values(), strict=True):
        verdict(str(each.fault), each.within[-1], at_least=wanted)


def _faulty_weeks(year: Year) -> Iterator[Case]:
    for windows in year.quarters(7):
        for start in range(len(windows) - MOST_WINDOWS + 1):
            struck = windows[start : start + MOST_WINDOWS]
            rest = np.concatenate(windows[:start] + windows[start + MOST_WINDOWS :])
            watch = Watch(profile=year.profile(rest), length=WEEK)
            yield Case.of(watch, [take(year.columns, window) for window in struck]).where_calm()


def agreement(year: Year) -> None:
    """Distances and p-values beside scipy's, on weeks beside the rest of the year."""
    exact_gap = inexact_gap = p_gap = 0.0
    weeks = [window for windows in year.quarters(7) for window in windows]
    for window in weeks[::4]:
        rest = np.setdiff1d(np.arange(len(year.data)), window)
        for values in year.columns.numeric.values():
            reference, current = (_present(values[index]) for index in (rest, window))
            knots = Knots.of(reference)
            ours = ks_distance(counts_of(knots), count_at_knots(current, knots.values))
            scipys = stats.ks_2samp(reference, current, method="asymp")
            gap = abs(ours - scipys.statistic)
            exact_gap, inexact_gap = (
                (max(exact_gap, gap), inexact_gap) if knots.is_exact else (exact_gap, max(inexact_gap, gap))
            )
    for effective in (10_000, 30_000, 100_000, 1_000_000):
        for distance in np.linspace(0.3, 2.0, 50) / np.sqrt(effective):
            theirs = float(stats.distributions.kstwo.sf(distance, effective))
            if theirs >= 0.001:
                p_gap = max(p_gap, abs(ks_p_value(distance, 2 * effective, 2 * effective) / theirs - 1))
    print("\n## The same as scipy\n")
    print(f"D: {exact_gap:.1g} with an exact profile, {inexact_gap:.2g} with 1,000 knots; p: {p_gap:.2%}\n")
    verdict("largest difference of D, exact profile", exact_gap, at_most=0)
    verdict("largest difference of D, 1,000 knots", inexact_gap, at_most=0.001)
    verdict("largest relative difference of p from 0.001, effective n from 10,000", p_gap, at_most=0.01)


def naive(profile: Profile, columns: Columns) -> bool:
    """Whether any column differs at 5 % by a test of its own, calendar columns left out."""
    for feature in profile.contract.features:
        if feature.drift is DriftRole.CALENDAR:
            continue
        if isinstance(feature, CategoricalFeature):
            coded = columns.categorical[feature.name]
            before = profile.reference.categorical[feature.name].counts
            now = dict(
                zip(
                    coded.categories,
                    np.bincount(coded.codes[coded.codes >= 0], minlength=len(coded.categories)),
                    strict=True,
                )
            )
            names = [name for name in before.keys() | now.keys() if before.get(name, 0) + now.get(name, 0)]
            table = [[before.get(name, 0) for name in names], [int(now.get(name, 0)) for name in names]]
            if stats.chi2_contingency(table).pvalue <= _NAIVE_LEVEL:
                return True
        else:
            knots, current = profile.knots[feature.name], _present(columns.numeric[feature.name])
            distance = ks_distance(counts_of(knots), count_at_knots(current, knots.values))
            if ks_p_value(distance, knots.count, len(current)) <= _NAIVE_LEVEL:
                return True
    return False


def _present(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values[~np.isnan(values)]


def _worst(judged: Sequence[Judgement]) -> Severity:
    return max((each.severity for each in judged), key=lambda severity: severity.rank)


def _is_warning(severity: Severity) -> bool:
    return severity.rank >= Severity.WARNING.rank


if __name__ == "__main__":
    main()
