"""One check: reads what is new, judges every complete window, and says how things stand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from core.drift import DriftReport, Severity, WindowFindings, worst
from core.drift_policy import DriftPolicy
from core.reference import DAY, WEEK
from drift.columns import columns_of
from drift.conditions import Condition, Kind
from drift.counts import WindowCounts, count_window, merged
from drift.headline import advice_of, headline_of
from drift.judging import Judge
from drift.memory import Memory
from drift.models import Model, Models
from drift.rows import Batch, Source
from drift.standing import after, condition
from drift.supply import supply_of

LINE: Final = "model"
# So many rows of a tag are in memory at once.
_ROWS_AT_ONCE: Final = 100_000
# A tag that answered nothing for so long is not shown any more.
_SHOWN: Final = timedelta(days=28)
_ONE_DAY, _ONE_WEEK = timedelta(days=1), timedelta(days=7)
Progress = Callable[[str], None]


@dataclass(kw_only=True)
class Check:
    """
    A check of one model line.

    Attributes:
        source: Of the rows.
        models: That answered them.
        memory: Of the check before; is changed.
        policy: What model.toml says.
        now: When the check believes it is, UTC.
        before: The report of the check before, whose newest findings stand where nothing is new.
        progress: Is told of each day that is read.
    """

    source: Source
    models: Models
    memory: Memory
    policy: DriftPolicy
    now: datetime
    before: DriftReport | None = None
    progress: Progress = field(default=lambda _: None)
    _strange: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._judge = Judge(memory=self.memory, policy=self.policy, drops_columns=self.source.drops_columns)
        if self.before is not None:
            self._judge.windows = {(each.tag, each.days): each for each in self.before.windows}
            self._judge.quality = {each.tag: each for each in self.before.quality}

    def run(self) -> DriftReport:
        """
        Judge what is new.

        Raises:
            SourceError: if the rows cannot be read.
            JournalUnavailable: the same, of a database.
        """
        span = self.source.span()
        start = self.memory.days_until or (None if span is None else _midnight(span[0]))
        if start is not None:
            if self.memory.quality_until is None:
                self.memory.quality_until = start - timedelta(days=start.weekday())
            for day in _steps(start, self.now, _ONE_DAY):
                self.progress(f"{day:%Y-%m-%d}")
                self._see_day(day)
                if (day + _ONE_DAY).weekday() == 0:
                    self._see_week(day + _ONE_DAY - _ONE_WEEK)
            self._see_outcomes(self.memory.quality_until)
        return self._report(None if span is None else span[1])

    def conditions(self) -> list[Condition]:
        """How each kind of trouble stands now."""
        lengths = {Kind.DRIFT: self.policy.windows, Kind.DEGRADATION: (WEEK,), Kind.NO_DATA: (DAY,)}
        return [
            condition(LINE, kind, [self.memory.stream(kind, length) for length in of]) for kind, of in lengths.items()
        ]

    def _see_day(self, day: datetime) -> None:
        end = day + _ONE_DAY
        found = self._read(day, end)
        for model, counts in found.items():
            self.memory.tag(model.tag).days[day] = counts
        if DAY in self.policy.windows:
            self._judge.see(DAY, day, end, found)
        if found:
            self.memory.newest_day, self.memory.newest_tag = day, next(reversed(found)).tag
        quiet = (day - (self.memory.newest_day or day)).days
        severity = Severity.ALERT if quiet > self._allowed_quiet_days() else Severity.OK
        stream = self.memory.stream(Kind.NO_DATA, DAY)
        self.memory.keep_stream(Kind.NO_DATA, DAY, after(stream, severity, (), end))
        self.memory.days_until = end

    def _see_week(self, monday: datetime) -> None:
        found: dict[Model, WindowCounts] = {}
        for tag, remembered in self.memory.tags.items():
            model = self.models.find(tag) if remembered.days else None
            if model is not None:
                found[model] = merged(remembered.days.values())
            remembered.days.clear()
        if WEEK in self.policy.windows:
            self._judge.see(WEEK, monday, monday + _ONE_WEEK, found)
        for model, counts in found.items():
            self._judge.remember_season(monday, model, counts)

    def _see_outcomes(self, monday: datetime) -> None:
        for week in _steps(monday, self.now - timedelta(days=self.policy.outcome_days), _ONE_WEEK):
            end = week + _ONE_WEEK
            self.progress(f"outcomes of the week of {week:%Y-%m-%d}")
            batches: dict[str, list[Batch]] = {}
            for batch in self.source.rows(week, end, with_outcomes=True):
                batches.setdefault(batch.tag, []).append(batch)
            models = {tag: self.models.find(tag) for tag in batches}
            found = {
                model: columns_of(batches[tag], model.profile.contract)
                for tag, model in models.items()
                if model is not None
            }
            self._judge.see_outcomes(week, end, found)
            self.memory.quality_until = end

    def _read(self, since: datetime, until: datetime) -> dict[Model, WindowCounts]:
        """The rows of a day, counted, by the model that answered them."""
        waiting: dict[str, list[Batch]] = {}
        found: dict[Model, WindowCounts] = {}
        for batch in self.source.rows(since, until):
            batches = waiting.setdefault(batch.tag, [])
            batches.append(batch)
            if sum(map(len, batches)) >= _ROWS_AT_ONCE:
                self._count(found, batch.tag, waiting.pop(batch.tag))
        for tag, batches in sorted(waiting.items()):
            self._count(found, tag, batches)
        return found

    def _count(self, found: dict[Model, WindowCounts], tag: str, batches: list[Batch]) -> None:
        model = self.models.find(tag)
        rows = sum(map(len, batches))
        if model is None:
            self._strange[tag] = self._strange.get(tag, 0) + rows
            return
        contract = model.profile.contract
        columns = columns_of(batches, contract)
        if rows and columns.absent >= set(contract.names):
            self.models.problems[tag] = f"they have none of its columns, which are {', '.join(contract.names)}"
            self._strange[tag] = self._strange.get(tag, 0) + rows
            return
        counts = count_window(columns, model.profile)
        found[model] = found[model] + counts if model in found else counts

    def _allowed_quiet_days(self) -> int:
        if self.policy.quiet_days is not None:
            return self.policy.quiet_days
        model = self.models.find(self.memory.newest_tag) if self.memory.newest_tag else None
        return model.profile.reference.longest_gap_days if model else 0

    def _report(self, newest: datetime | None) -> DriftReport:
        supply = supply_of(newest, self.now, self._allowed_quiet_days(), is_known=self.memory.newest_day is not None)
        windows = _shown(self._judge.windows, self.now)
        quality = tuple(each for each in self._judge.quality.values() if each.end + _SHOWN >= self.now)
        notes = (*self._notes(newest), *self.source.notes)
        severity = worst(
            [
                *(each.severity for each in windows),
                *(each.severity for each in quality),
                supply.severity,
                *([Severity.ERROR] if self._strange else []),
            ]
        )
        return DriftReport(
            line=LINE,
            made_at=self.now,
            source=self.source.name,
            severity=severity,
            headline=headline_of(severity, windows, quality, supply),
            advice=advice_of(windows, quality, supply, notes),
            windows=windows,
            quality=quality,
            supply=supply,
            judged=self._judge.judged,
            notes=notes,
        )

    def _notes(self, newest: datetime | None) -> Iterator[str]:
        for tag, rows in self._strange.items():
            yield f"{rows:,} rows answered by {tag} could not be compared: {self.models.problems[tag]}."
        if newest is not None and newest > self.now:
            yield f"The newest row is from {newest:%Y-%m-%d %H:%M} UTC, which is to come; it is left for later."


def _shown(windows: Mapping[tuple[str, int], WindowFindings], now: datetime) -> tuple[WindowFindings, ...]:
    """The worst first, of equal ones the longest and newest."""
    kept = [each for each in windows.values() if each.end + _SHOWN >= now]
    return tuple(sorted(kept, key=lambda each: (-each.severity.rank, -each.days, -each.end.timestamp(), each.tag)))


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _steps(start: datetime, now: datetime, step: timedelta) -> Iterator[datetime]:
    """The windows that begin at or after a time and are over."""
    while start + step <= _midnight(now):
        yield start
        start += step
