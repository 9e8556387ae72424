"""Reports like those of forecast out of New York, with equal figures every time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from core.drift import (
    Bar,
    ColumnFinding,
    DriftReport,
    Figure,
    Point,
    QualityFindings,
    Rule,
    SegmentQuality,
    Severity,
    Supply,
    WindowFindings,
    worst,
)

TAG = "model-v1.4.0"
END = datetime(2013, 6, 10, tzinfo=UTC)
ROWS = 5993
_NAMES = (
    "<script>alert(1)</script>",
    "a|b`c`",
    "line\nbreak --> <!-- x",
    "@octocat #12 [x](http://evil.example)",
    "\x1b[31mred",
)
HOSTILE = (*_NAMES, "[bold]tag[/bold] {{ 7 * 7 }}", "ünïcødé 東京 \u202egnp.exe", "long " * 60)


def make_history(effects: Sequence[float | None], threshold: float, days: int = 7) -> tuple[Point, ...]:
    """A point a window, the last of which ends at END."""
    last = len(effects) - 1
    return tuple(
        Point(
            end=END - timedelta(days=days * (last - place)),
            effect=effect,
            threshold=threshold,
            severity=_severity(effect, threshold),
        )
        for place, effect in enumerate(effects)
    )


def _severity(effect: float | None, threshold: float) -> Severity:
    if effect is None:
        return Severity.INSUFFICIENT_DATA
    if effect < threshold:
        return Severity.OK
    return Severity.WARNING if effect < 2 * threshold else Severity.ALERT


def _calm(seed: float, threshold: float, count: int = 13) -> list[float | None]:
    return [round(threshold * (0.5 + 0.3 * math.sin(seed + 1.7 * place)), 4) for place in range(count)]


def _hump(middle: float, width: float, low: float, high: float, count: int = 20) -> list[float]:
    step = (high - low) / count
    heights = [math.exp(-((low + (place + 0.5) * step - middle) ** 2) / (2 * width**2)) for place in range(count)]
    return [height / sum(heights) for height in heights]


def _intervals(low: float, high: float, count: int = 20) -> list[str]:
    step = (high - low) / count
    return [f"{low + place * step:,.0f} to {low + (place + 1) * step:,.0f}" for place in range(count)]


def _bars(labels: Sequence[str], reference: Sequence[float], window: Sequence[float]) -> tuple[Bar, ...]:
    return tuple(
        Bar(label=label, reference=round(before, 4), window=round(now, 4))
        for label, before, now in zip(labels, reference, window, strict=True)
    )


def make_number(
    column: str = "scheduled_minutes", *, seed: float = 1.0, days: int = 7, **changes: Any
) -> ColumnFinding:
    """A number that is as it was."""
    finding = ColumnFinding(
        column=column, kind="numeric", role="tested", unit="min", severity=Severity.OK, rows=ROWS, missing=0.0,
        sentence="It is distributed as in training.", reference_missing=0.0, effect=0.021, threshold=0.046,
        is_calibrated=True, p_value=0.18, importance=3.1, quantiles=(64, 88, 140, 199, 340),
        reference_quantiles=(63, 87, 141, 202, 345), history=make_history(_calm(seed, 0.046), 0.046, days),
        bars=_bars(_intervals(0, 700), _hump(160, 90, 0, 700), _hump(162, 89, 0, 700)),
    )  # fmt: skip
    return msgspec.structs.replace(finding, **changes)


def make_category(column: str = "plan", *, seed: float = 2.0, days: int = 7, **changes: Any) -> ColumnFinding:
    """A category that is as it was."""
    labels = ("gold", "plus", "team", "free", "basic", "pro", "home", "day", "week", "other")
    shares = (0.176, 0.165, 0.158, 0.145, 0.098, 0.079, 0.061, 0.054, 0.037, 0.027)
    moved = (0.172, 0.168, 0.155, 0.149, 0.097, 0.081, 0.061, 0.053, 0.037, 0.027)
    finding = ColumnFinding(
        column=column, kind="categorical", role="tested", severity=Severity.OK, rows=ROWS, missing=0.0,
        sentence="Its categories are as frequent as in training.", reference_missing=0.0, effect=0.019,
        threshold=0.038, is_calibrated=True, p_value=0.31, importance=1.2, bars=_bars(labels, shares, moved),
        history=make_history(_calm(seed, 0.038), 0.038, days),
    )  # fmt: skip
    return msgspec.structs.replace(finding, **changes)


def absent() -> ColumnFinding:
    """A column that no row has any more."""
    return ColumnFinding(
        column="seats", kind="numeric", role="tested", unit="", severity=Severity.CRITICAL, rule=Rule.ABSENT, rows=ROWS,
        sentence="No row has it, and the model needs it.", missing=1.0, reference_missing=0.02, importance=0.8,
        since=END,
    )  # fmt: skip


def kilometres() -> ColumnFinding:
    """Distances that come in kilometres instead of miles."""
    effects = [*_calm(0.3, 0.052, 10), 0.402, 0.409, 0.411]
    return make_number(
        "distance", unit="mi", severity=Severity.ALERT, rule=Rule.UNIT, effect=0.411, threshold=0.052, p_value=0.0,
        sentence="The numbers are about 1.61 times as large as in training, as when miles come as kilometres.",
        quantiles=(319, 805, 1403, 2253, 3983), reference_quantiles=(199, 502, 872, 1400, 2475), importance=2.4,
        history=make_history(effects, 0.052), since=END - timedelta(days=14),
        bars=_bars(_intervals(0, 5000), _hump(950, 600, 0, 5000), _hump(1530, 960, 0, 5000)),
    )  # fmt: skip


def new_plan() -> ColumnFinding:
    """A plan that training did not know."""
    bars = make_category().bars
    grown = (Bar(label="ZZ", reference=0.0, window=0.081), *bars)
    return make_category(
        severity=Severity.WARNING, rule=Rule.UNSEEN, effect=0.081, threshold=0.044, p_value=3e-41, bars=grown,
        sentence="8.1 % of the rows have a category that training did not see.", since=END,
        unseen={"ZZ": 412, "XY": 73}, history=make_history([*_calm(0.9, 0.044, 12), 0.081], 0.044), importance=1.9,
    )  # fmt: skip


def more_missing() -> ColumnFinding:
    """A number that is missing more often."""
    return make_number(
        "earlier_delay", severity=Severity.WARNING, rule=Rule.MISSING, missing=0.241, reference_missing=0.031,
        sentence="It is missing more often than in training.", since=END, effect=0.024, p_value=0.09, importance=14.2,
        bars=_bars(_intervals(-60, 240), _hump(4, 40, -60, 240), _hump(5, 40, -60, 240)),
        quantiles=(-21, -9, -2, 14, 96), reference_quantiles=(-21, -9, -2, 13, 93),
    )  # fmt: skip


def temperature() -> ColumnFinding:
    """The weather, which follows the season."""
    return make_number(
        "temperature", unit="degF", role="seasonal", severity=Severity.INFO, rule=Rule.VALUES, effect=0.612,
        threshold=0.183, recent_effect=0.171, p_value=0.0, since=END - timedelta(days=42), importance=0.6, missing=0.01,
        sentence="It differs from training, and little from the last twelve weeks, as the season does.",
        quantiles=(57, 64, 71, 78, 87), reference_quantiles=(19, 30, 37, 44, 57),
        history=make_history([0.12, 0.15, 0.13, 0.22, 0.3, 0.34, None, 0.41, 0.47, 0.5, 0.55, 0.58, 0.612], 0.183),
        bars=_bars(_intervals(0, 100), _hump(37, 11, 0, 100), _hump(71, 9, 0, 100)),
    )  # fmt: skip


def weekday() -> ColumnFinding:
    """A calendar's column, which is not compared."""
    return ColumnFinding(
        column="day_of_week", kind="categorical", role="calendar", severity=Severity.OK, rows=ROWS, missing=0.0,
        sentence="It follows the calendar, so its values are not compared.", reference_missing=0.0, importance=0.4,
        bars=_bars(("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), (1 / 7,) * 7, (1 / 7,) * 7),
    )  # fmt: skip


def too_few() -> ColumnFinding:
    """A column with too few values to tell."""
    return make_number(
        "dest_overrun_24h", severity=Severity.INSUFFICIENT_DATA, effect=None, p_value=None, missing=0.975,
        reference_missing=0.97, sentence="Only 150 rows have a value; 200 are needed to say anything.",
        threshold=None, importance=None, bars=(), quantiles=(), reference_quantiles=(),
        history=make_history([0.02, None, None], 0.05),
    )  # fmt: skip


def uncomparable() -> ColumnFinding:
    """A column of texts where numbers belong."""
    return ColumnFinding(
        column="wind_direction", kind="numeric", role="seasonal", unit="deg", severity=Severity.ERROR, rule=Rule.TYPE,
        rows=ROWS, sentence="5,993 values are texts such as 'NNW'; it takes numbers.", missing=1.0,
        reference_missing=0.02, importance=0.2, since=END,
    )  # fmt: skip


def score() -> ColumnFinding:
    """What the model answered."""
    return make_number(
        "score", kind="score", unit="", severity=Severity.WARNING, rule=Rule.MEAN, effect=0.103, threshold=0.061,
        sentence="The mean score rose from 0.214 to 0.256.", p_value=2e-19, importance=None,
        quantiles=(0.041, 0.092, 0.16, 0.35, 0.83), reference_quantiles=(0.036, 0.078, 0.131, 0.27, 0.79),
        bars=_bars([f"{n / 20:.2f} to {(n + 1) / 20:.2f}" for n in range(20)],
                   _hump(0.12, 0.16, 0, 1), _hump(0.17, 0.18, 0, 1)),
        since=END - timedelta(days=7), history=make_history([*_calm(0.2, 0.061, 11), 0.088, 0.103], 0.061),
    )  # fmt: skip


def make_window(columns: Sequence[ColumnFinding], *, days: int = 7, **changes: Any) -> WindowFindings:
    """A window of these columns, the worst first."""
    ordered = tuple(sorted(columns, key=lambda finding: -finding.severity.rank))
    window = WindowFindings(
        tag=TAG, days=days, start=END - timedelta(days=days), end=END, rows=ROWS if days == 7 else ROWS // 7,
        severity=worst(finding.severity for finding in ordered), columns=ordered,
    )  # fmt: skip
    return msgspec.structs.replace(window, **changes)


def make_quality(**changes: Any) -> QualityFindings:
    """Outcomes that bear out the holdout."""
    auc = (0.921, 0.918, 0.924, 0.916, 0.922, 0.919, 0.925, 0.917, 0.92, 0.923, 0.916, 0.92)
    history: list[tuple[datetime, dict[str, float | None]]] = [
        (
            END - timedelta(days=7 * (len(auc) - place)),
            {"auc": value, "accuracy": value - 0.006, "brier": 0.981 - value},
        )
        for place, value in enumerate(auc)
    ]
    quality = QualityFindings(
        tag=TAG, start=END - timedelta(days=7), end=END, severity=Severity.OK, predictions=5993, labels=5310,
        sentence="The model is as good as on the holdout.", history=tuple(history),
        figures={
            "auc": Figure(baseline=0.92, value=0.919, low=0.909, high=0.928, worse_by=0.001, worse_by_at_least=-0.009),
            "accuracy": Figure(baseline=0.913, value=0.911, low=0.903, high=0.919, worse_by=0.002,
                               worse_by_at_least=-0.006),
            "brier": Figure(baseline=0.062, value=0.063, low=0.058, high=0.068, worse_by=0.001,
                            worse_by_at_least=-0.004),
        },
        segments=tuple(_segment("region", name, labels, value) for name, labels, value in (
            ("north", 1902, 0.914), ("south", 1791, 0.925), ("west", 1617, 0.918))),
    )  # fmt: skip
    return msgspec.structs.replace(quality, **changes)


def _segment(column: str, category: str, labels: int, value: float | None) -> SegmentQuality:
    spread = None if value is None else 0.02
    figure = Figure(
        baseline=0.92,
        value=value,
        low=None if value is None or spread is None else value - spread,
        high=None if value is None or spread is None else min(value + spread, 1.0),
    )
    return SegmentQuality(column=column, category=category, labels=labels, figures={"auc": figure})


def worse_quality() -> QualityFindings:
    """Outcomes that say that the model got worse."""
    figures = {
        "auc": Figure(baseline=0.92, value=0.861, low=0.846, high=0.875, worse_by=0.059, worse_by_at_least=0.044),
        "accuracy": Figure(baseline=0.913, value=0.874, low=0.864, high=0.884, worse_by=0.039, worse_by_at_least=0.028),
        "brier": Figure(baseline=0.062, value=0.089, low=0.082, high=0.096, worse_by=0.027, worse_by_at_least=0.019),
        "log_loss": Figure(baseline=0.211, value=None),
    }
    segments = (("north", 1902, 0.848), ("south", 1791, 0.877), ("west", 1617, 0.859))
    return make_quality(
        severity=Severity.CRITICAL,
        sentence="The model is worse than on the holdout: auc 0.861 instead of 0.920.",
        figures=figures,
        segments=(*(_segment("region", *each) for each in segments), _segment("plan", "rare", 4, None)),
    )


def make_supply(**changes: Any) -> Supply:
    """Rows that come every day."""
    supply = Supply(
        severity=Severity.OK, sentence="Rows come every day.", newest=END - timedelta(minutes=9), quiet_days=0,
        allowed_quiet_days=1,
    )  # fmt: skip
    return msgspec.structs.replace(supply, **changes)


def make_report(**changes: Any) -> DriftReport:
    """Everything that can be found, at once, in a week and in a day."""
    week = (absent(), kilometres(), new_plan(), more_missing(), score(), uncomparable(), temperature(), too_few(),
            weekday(), make_number(), make_number("departure_minute", seed=3.0), make_category("region"),
            make_category("dest", seed=4.0))  # fmt: skip
    report = DriftReport(
        line="model", made_at=END + timedelta(hours=5, minutes=17), source="the journal at http://127.0.0.1:8000",
        severity=Severity.CRITICAL, headline="seats is absent from every row, and distance comes in another unit.",
        advice=(
            "Find out why seats is no longer sent: look at what changed in the caller since 2013-06-03.",
            "Ask whoever sends distance whether it is in kilometres now; the model was trained on miles.",
            "Until then, answers may be wrong: `scripts/rollback` does not help, as the inputs changed.",
        ),
        windows=(make_window(week), _day()),
        quality=(make_quality(),), supply=make_supply(), judged=2,
    )  # fmt: skip
    return msgspec.structs.replace(report, **changes)


def _day() -> WindowFindings:
    sizes = {"days": 1, "rows": 856}
    days = [*_calm(0.3, 0.098, 8), 0.39, 0.42, 0.4, 0.41, 0.415]
    distance = msgspec.structs.replace(
        kilometres(), threshold=0.098, history=make_history(days, 0.098, days=1), rows=856
    )
    calm = (make_number(days=1, rows=856), make_category(days=1, rows=856))
    seats = msgspec.structs.replace(absent(), rows=856)
    return make_window((seats, distance, *calm), **sizes)


def all_clear() -> DriftReport:
    """Nothing to see."""
    columns = (make_number(), make_category(), make_number("departure_minute", seed=3.0), weekday())
    return make_report(
        severity=Severity.OK, headline="Nothing changed that matters.", advice=(), windows=(make_window(columns),),
    )  # fmt: skip


def degraded() -> DriftReport:
    """Outcomes are worse, whatever the inputs are."""
    return make_report(
        headline="The model got worse: auc is 0.861 instead of 0.920.", quality=(worse_quality(),),
        advice=("Train again on newer rows: `gh workflow run train.yml`.",),
    )  # fmt: skip


def no_data() -> DriftReport:
    """Rows came once, and no more."""
    supply = make_supply(
        severity=Severity.ALERT, sentence="No row came for 4 days.", newest=END - timedelta(days=4), quiet_days=4,
    )  # fmt: skip
    return make_report(
        severity=Severity.ALERT, headline="No rows come any more.", advice=("See whether the service runs.",),
        windows=(), quality=(), supply=supply, judged=0,
    )  # fmt: skip


def never_any() -> DriftReport:
    """A service that nobody asked yet."""
    supply = make_supply(severity=Severity.INSUFFICIENT_DATA, sentence="There is no row yet.", newest=None)
    return make_report(
        severity=Severity.INSUFFICIENT_DATA, headline="There is nothing to compare yet.", advice=(), windows=(),
        quality=(), supply=supply, judged=0,
    )  # fmt: skip


def hostile() -> DriftReport:
    """Names, units and sentences that try to act."""
    columns = [
        make_category(
            name, severity=Severity.ALERT, rule=Rule.UNSEEN, sentence=f"{name} has new categories: {name}.",
            unit=name, unseen={name: 7}, since=END,
            bars=tuple(Bar(label=f"{other} {place}", reference=0.1, window=0.2) for place, other in enumerate(HOSTILE)),
        )
        for name in HOSTILE
    ]  # fmt: skip
    bad = HOSTILE[0]
    segments = tuple(SegmentQuality(column=name, category=name, labels=9, figures={}) for name in HOSTILE)
    return make_report(
        line="model", source=bad, headline=" ".join(HOSTILE[:5]), advice=HOSTILE, notes=HOSTILE,
        windows=(make_window(columns),), supply=make_supply(sentence=bad),
        quality=(make_quality(tag=bad, sentence=bad, segments=segments),),
    )  # fmt: skip


def crowded(count: int = 20) -> DriftReport:
    """Every one of many columns drifts, by the week and by the day."""
    columns = [
        msgspec.structs.replace(kilometres() if place % 2 else new_plan(), column=f"column_{place:03}")
        for place in range(count)
    ]
    return make_report(windows=(make_window(columns), make_window(columns, days=1)))
