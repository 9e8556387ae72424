"""What was asked and how it went, in words and numbers for people."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from app.console.collected import Collected, Spread
from app.console.plots import Box, columns
from app.console.words import NONE, counted, plain, seconds, share
from core.experiment import Arm
from core.journal.store import Slice

SECONDS: Final = "slipway_request_duration_seconds"
HOUR_US: Final = 3_600_000_000
HOURS: Final = 24
# So many requests of a day are looked at; SQLite counts them within 50 ms.
MOST_REQUESTS: Final = 100_000
_API: Final = "/v1/"
_OTHER: Final = "everything else"
_LEVELS: Final = (0.5, 0.95, 0.99)
_MOST_LINES: Final = 50
_CODES: Final = {"unseen_category": "a category that training did not see", "outside_training_range": "out of range"}


@dataclass(frozen=True, kw_only=True, slots=True)
class RouteLine:
    """
    The requests of a route.

    Attributes:
        failed: Answered with a status from 500 on.
        within: The times that half, 95 % and 99 % of them took at most.
    """

    route: str
    requests: str
    refused: str
    failed: str
    within: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelLine:
    """Rows that got a label."""

    tag: str
    arm: str
    label: str
    rows: str
    share: str


@dataclass(frozen=True, kw_only=True, slots=True)
class WarningLine:
    """Values of a feature that training did not see."""

    feature: str
    said: str
    times: str


@dataclass(frozen=True, kw_only=True, slots=True)
class HourLine:
    """An hour."""

    name: str
    requests: str
    rows: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Hours:
    """
    The last 24 hours by the journal.

    Attributes:
        summary: In a sentence.
        peak: The most requests of an hour.
        lines: The oldest first.
        boxes: A column for each hour with requests.
    """

    summary: str
    peak: str
    lines: tuple[HourLine, ...]
    boxes: tuple[Box, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Traffic:
    """What the workers counted."""

    routes: tuple[RouteLine, ...]
    labels: tuple[LabelLine, ...]
    warnings: tuple[WarningLine, ...]


def traffic_of(found: Collected) -> Traffic:
    """What is shown of it, the most frequent first."""
    return Traffic(routes=_routes(found), labels=_labels(found), warnings=_warnings(found))


def _routes(found: Collected) -> tuple[RouteLine, ...]:
    statuses = found.by(f"{SECONDS}_count", "route", "status")
    spreads = found.spreads(SECONDS, "route")
    by_name: dict[str, list[str]] = {}
    for (route,), _ in sorted(spreads.items(), key=lambda item: -item[1].total):
        by_name.setdefault(route if route.startswith(_API) else _OTHER, []).append(route)
    # What is not asked of the model comes last.
    ordered = sorted(by_name, key=lambda name: name == _OTHER)
    return tuple(_route(name, by_name[name], statuses, spreads) for name in ordered)


def _route(
    name: str,
    routes: Sequence[str],
    statuses: dict[tuple[str, ...], float],
    spreads: dict[tuple[str, ...], Spread],
) -> RouteLine:
    def answered(*firsts: str) -> float:
        return sum(count for (route, status), count in statuses.items() if route in routes and status[:1] in firsts)

    chosen = [spreads[(route,)] for route in routes]
    whole = Spread(
        bounds=chosen[0].bounds,
        counts=tuple(map(sum, zip(*(spread.counts for spread in chosen), strict=True))),
    )
    return RouteLine(
        route=name,
        requests=f"{whole.total:,.0f}",
        refused=f"{answered('4'):,.0f}",
        failed=f"{answered('5'):,.0f}",
        within=tuple(_within(whole, level) for level in _LEVELS),
    )


def _within(spread: Spread, level: float) -> str:
    bound = spread.at_most(level)
    if math.isinf(bound):
        largest = max((each for each in spread.bounds if not math.isinf(each)), default=None)
        return NONE if largest is None else f"over {seconds(largest)}"
    return seconds(bound)


def _labels(found: Collected) -> tuple[LabelLine, ...]:
    rows = found.by("slipway_predictions_total", "model_tag", "arm", "label")
    of_arm = found.by("slipway_predictions_total", "model_tag", "arm")
    # The champion's come first.
    ordered = sorted(rows.items(), key=lambda item: (item[0][1] != Arm.CHAMPION, item[0][:2], -item[1]))
    return tuple(
        LabelLine(tag=tag, arm=arm, label=label, rows=f"{count:,.0f}", share=share(count / of_arm[(tag, arm)]))
        for (tag, arm, label), count in ordered[:_MOST_LINES]
    )


def _warnings(found: Collected) -> tuple[WarningLine, ...]:
    times = found.by("slipway_input_warnings_total", "feature", "code")
    ordered = sorted(times.items(), key=lambda item: -item[1])
    return tuple(
        WarningLine(feature=plain(feature), said=_CODES.get(code, code), times=f"{count:,.0f}")
        for (feature, code), count in ordered[:_MOST_LINES]
    )


def first_hour(now: datetime) -> int:
    """The beginning of the oldest hour that is shown, in microseconds since 1970."""
    return (int(now.timestamp()) // 3600 - HOURS + 1) * HOUR_US


def hours_of(slices: Iterable[Slice], now: datetime) -> Hours:
    """
    The last 24 hours, the one that goes on included.

    Args:
        slices: As `JournalStore.slices` counts them, by the hour, of `MOST_REQUESTS` at most.
        now: The time.
    """
    by_start = {each.start: each for each in slices}
    first = first_hour(now)
    starts = [first + place * HOUR_US for place in range(HOURS)]
    requests = [by_start[start].requests if start in by_start else 0 for start in starts]
    rows = [by_start[start].rows if start in by_start else 0 for start in starts]
    names = [f"{datetime.fromtimestamp(start / 1e6, UTC):%H:%M}" for start in starts]
    peak, total = max(requests), sum(requests)
    # Nobody knows what was before the oldest that was looked at.
    is_cut = total >= MOST_REQUESTS
    oldest = min((start for start, count in zip(starts, requests, strict=True) if count), default=first)
    lines = tuple(
        HourLine(name=name, requests=_told(count, is_known=known), rows=_told(of, is_known=known))
        for name, count, of, known in zip(
            names, requests, rows, (start > oldest or not is_cut for start in starts), strict=True
        )
    )
    return Hours(
        summary=_summary(total, sum(rows), names[requests.index(peak)], is_cut=is_cut),
        peak=f"{peak:,}",
        lines=lines,
        boxes=columns(requests),
    )


def _told(count: int, *, is_known: bool) -> str:
    return f"{count:,}" if is_known else f"at least {count:,}"


def _summary(requests: int, rows: int, peak: str, *, is_cut: bool) -> str:
    if not requests:
        return "No request of the last 24 hours is in the journal."
    if is_cut:
        return f"The newest {counted(requests, 'request')} of the last 24 hours with {counted(rows, 'row')}."
    most = f"; most from {peak} UTC on"
    return f"{counted(requests, 'request')} with {counted(rows, 'row')} in the last 24 hours{most}."


def since(started: float, now: datetime) -> datetime | None:
    """When the server began; None where it does not say."""
    at = datetime.fromtimestamp(started, UTC) if started else None
    return at if at is None or at <= now + timedelta(minutes=1) else None
