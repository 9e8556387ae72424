"""One check: reads what is new, judges every complete window, and says how things stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeVar

from core.drift import DriftReport, QualityFindings, Severity, WindowFindings, overall, worst
from core.drift_policy import DriftPolicy
from core.errors import SourceError
from core.reference import DAY, WEEK, WINDOW_DAYS
from core.tags import ModelTag
from drift.alerts.conditions import Condition, Kind
from drift.alerts.standing import after, condition, unless_long_past
from drift.columns import Columns, columns_of
from drift.counts import WindowCounts, count_window, merged
from drift.headline import advice_of, headline_of
from drift.judging import Judge
from drift.memory import MOST_POINTS, Memory
from drift.models import Model, Models
from drift.periods import ONE_DAY, ONE_WEEK, complete, midnight, monday
from drift.quality.labelled import Labelled, joined
from drift.remarks import SHOWN, remarks
from drift.rows import Batch, Source
from drift.sources.grouping import moment
from drift.supply import supply_of

LINE: Final = "model"
# So many rows of a tag are in memory at once.
_ROWS_AT_ONCE: Final = 100_000
# What a first check looks back; of older windows a report would not say anything.
_FIRST: Final = MOST_POINTS * ONE_WEEK
Progress = Callable[[str], None]
_Found = TypeVar("_Found", WindowFindings, QualityFindings)


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
        checkpoint: Is given what is found after each week but the last, so that one cut short goes on from there.
    """

    source: Source
    models: Models
    memory: Memory
    policy: DriftPolicy
    now: datetime
    before: DriftReport | None = None
    progress: Progress = field(default=lambda _: None)
    checkpoint: Callable[[DriftReport], None] = field(default=lambda _: None)
    _span: tuple[datetime, datetime] | None = None

    def __post_init__(self) -> None:
        self._is_first = self.memory.days_until is None
        self._judge = Judge(memory=self.memory, policy=self.policy, drops_columns=self.source.drops_columns)
        if self.before is not None:
            lengths = {WINDOW_DAYS[length] for length in self.policy.windows}
            self._judge.windows = {(each.tag, each.days): each for each in self.before.windows if each.days in lengths}
            self._judge.quality = {each.tag: each for each in self.before.quality}

    def run(self) -> DriftReport:
        """
        Judge what is new.

        Raises:
            SourceError: if the rows cannot be read, or a model is not the one whose rows were judged before.
            JournalUnavailable: the same, of a database.
            RegistryError: if the registry cannot be asked, or is empty.
        """
        self._span = self.source.span()
        start = self.memory.days_until or self._first_day()
        if start is not None:
            if self.memory.quality_until is None:
                self.memory.quality_until = monday(start)
            for day in complete(start, ONE_DAY, self.now):
                self.progress(f"{day:%Y-%m-%d}")
                self._see_day(day)
                if (day + ONE_DAY).weekday() == 0:
                    self._see_week(day + ONE_DAY - ONE_WEEK)
                    if day + ONE_WEEK < midnight(self.now):
                        self.checkpoint(self._report())
            self._see_outcomes(self.memory.quality_until)
        self.memory.streams = {
            name: unless_long_past(stream, self.now - SHOWN) for name, stream in self.memory.streams.items()
        }
        return self._report()

    def conditions(self) -> list[Condition]:
        """How each kind of trouble stands now."""
        lengths = {Kind.DRIFT: self.policy.windows, Kind.DEGRADATION: (WEEK,), Kind.NO_DATA: (DAY,)}
        return [
            condition(LINE, kind, [self.memory.stream(kind, length) for length in of]) for kind, of in lengths.items()
        ]

    def _first_day(self) -> datetime | None:
        """With which a first check begins; None where no row is of the past."""
        if self._span is None or self._span[0] >= self.now:
            return None
        return midnight(max(self._span[0], self._first_look()))

    def _first_look(self) -> datetime:
        """A Monday, before which a first check does not look."""
        return monday(self.now if self._span is None else min(self.now, self._span[1])) - _FIRST

    def _see_day(self, day: datetime) -> None:
        end = day + ONE_DAY
        found, passed_over = self._read(day, end)
        self.memory.pass_over(day, passed_over, self.models.problems)
        for model, counts in found.items():
            remembered = self.memory.tag(model.tag)
            remembered.days[day], remembered.reference_sha256 = counts, model.reference_sha256
        if DAY in self.policy.windows:
            self._judge.see(DAY, day, end, found)
        if found:
            self.memory.newest_tag = max((model.tag for model in found), key=ModelTag.parse)
        if found or passed_over:
            self.memory.newest_day = day
        quiet = (day - (self.memory.newest_day or day)).days
        severity = Severity.ALERT if quiet > self._allowed_quiet_days() else Severity.OK
        stream = self.memory.stream(Kind.NO_DATA, DAY)
        self.memory.keep_stream(Kind.NO_DATA, DAY, after(stream, severity, (), end))
        self.memory.days_until = end

    def _see_week(self, start: datetime) -> None:
        found: dict[Model, WindowCounts] = {}
        for tag, remembered in self.memory.tags.items():
            model = self._find(tag) if remembered.days else None
            # A part of a week is as far from the reference as a day is, and is judged by its days.
            if model is not None and _is_whole(remembered.days, start, model):
                found[model] = merged(remembered.days.values())
            remembered.days.clear()
        if WEEK in self.policy.windows:
            self._judge.see(WEEK, start, start + ONE_WEEK, found)
        for model, counts in found.items():
            self._judge.remember_season(start, model, counts)
        self.memory.forget_tags(start - _FIRST)

    def _see_outcomes(self, start: datetime) -> None:
        for week in complete(start, ONE_WEEK, self.now - self.policy.outcome_days * ONE_DAY):
            end = week + ONE_WEEK
            found: dict[Model, list[Labelled]] = {}
            if self._span is not None and self._span[1] >= week:
                self.progress(f"outcomes of the week of {week:%Y-%m-%d}")
                for tag, batches in _parts(self.source.rows(week, end, with_outcomes=True)):
                    model = self._find(tag)
                    if model is not None:
                        found.setdefault(model, []).append(self._judge.labelled(model, self._columns(model, batches)))
            self._judge.see_outcomes(week, end, {model: joined(parts) for model, parts in found.items()})
            self.memory.quality_until = end

    def _read(self, since: datetime, until: datetime) -> tuple[dict[Model, WindowCounts], dict[str, int]]:
        """The rows of a day, counted, by the model that answered them; by tag, how many could not be compared."""
        found: dict[Model, WindowCounts] = {}
        passed_over: dict[str, int] = {}
        if self._span is None or self._span[1] < since:
            return found, passed_over
        for tag, batches in _parts(self.source.rows(since, until)):
            model = self._find(tag)
            counts = None if model is None else self._counted(model, batches)
            if model is None or counts is None:
                passed_over[tag] = passed_over.get(tag, 0) + sum(map(len, batches))
            else:
                found[model] = found[model] + counts if model in found else counts
        return found, passed_over

    def _counted(self, model: Model, batches: list[Batch]) -> WindowCounts | None:
        """The counts of some rows; None if they are not of the model's contract."""
        contract, columns = model.profile.contract, self._columns(model, batches)
        if columns.absent >= set(contract.names) and not self.source.drops_columns:
            self.models.problems[model.tag] = f"they have none of its columns, which are {', '.join(contract.names)}"
            return None
        return count_window(columns, model.profile)

    def _columns(self, model: Model, batches: list[Batch]) -> Columns:
        return columns_of(batches, model.profile.contract, drops_columns=self.source.drops_columns)

    def _find(self, tag: str) -> Model | None:
        model, remembered = self.models.find(tag), self.memory.tags.get(tag)
        if model and remembered and remembered.reference_sha256 not in {"", model.reference_sha256}:
            raise SourceError(
                f"{tag} in the registry {self.models.registry} is another model than the one whose rows were judged "
                "before; set MODEL_REGISTRY to where that one is, or begin anew with --forget"
            )
        return model

    def _allowed_quiet_days(self) -> int:
        if self.policy.quiet_days is not None:
            return self.policy.quiet_days
        model = self._find(self.memory.newest_tag) if self.memory.newest_tag else None
        return model.profile.reference.longest_gap_days if model else 0

    def _newest(self) -> datetime | None:
        """When the newest row was answered that is not of a time to come."""
        if self._span is None or self._span[1] <= self.now:
            return None if self._span is None else self._span[1]
        start = self.memory.newest_day or midnight(self.now)
        return moment(max(times)) if (times := [int(b.at.max()) for b in self.source.rows(start, self.now)]) else None

    def _report(self) -> DriftReport:
        supply = supply_of(
            self._newest(), self.now, self._allowed_quiet_days(), is_known=self.memory.newest_day is not None
        )
        windows = _shown(self._judge.windows, self.now)
        quality = _newest_of(self._judge.quality.values(), self.now)
        told = remarks(self.memory, self._span, self.now, first_look=self._first_look() if self._is_first else None)
        notes = (*told, *self.source.notes)
        severity = worst(
            [
                overall([*(each.severity for each in windows), *(each.severity for each in quality)]),
                supply.severity,
                *([Severity.ERROR] if self.memory.passed_over else []),
                *([] if windows else [Severity.INSUFFICIENT_DATA]),
            ]
        )
        return DriftReport(
            line=LINE,
            made_at=self.now,
            source=self.source.name,
            severity=severity,
            headline=headline_of(severity, windows, quality, supply),
            advice=advice_of(windows, quality, supply, notes if self.memory.passed_over else ()),
            windows=windows,
            quality=quality,
            supply=supply,
            judged=self._judge.judged,
            notes=notes,
        )


def _parts(batches: Iterable[Batch]) -> Iterator[tuple[str, list[Batch]]]:
    """Rows by tag, of each as many as fit in memory at once."""
    waiting: dict[str, list[Batch]] = {}
    rows: Counter[str] = Counter()
    for batch in batches:
        waiting.setdefault(batch.tag, []).append(batch)
        rows[batch.tag] += len(batch)
        if rows[batch.tag] >= _ROWS_AT_ONCE:
            yield batch.tag, waiting.pop(batch.tag)
            del rows[batch.tag]
    yield from sorted(waiting.items())


def _shown(windows: Mapping[tuple[str, int], WindowFindings], now: datetime) -> tuple[WindowFindings, ...]:
    """The newest of each length; the worst first, of equal ones the longest."""
    lengths = {days for _, days in windows}
    kept = [
        each for days in lengths for each in _newest_of((each for each in windows.values() if each.days == days), now)
    ]
    return tuple(sorted(kept, key=lambda each: (-each.severity.rank, -each.days, each.tag)))


def _newest_of(findings: Iterable[_Found], now: datetime) -> tuple[_Found, ...]:
    """Those of the newest window, unless it is long past: what a tag did that answers no more is no news."""
    known = list(findings)
    newest = max((each.end for each in known), default=now)
    return tuple(each for each in known if each.end == newest and newest + SHOWN >= now)


def _is_whole(days: Iterable[datetime], start: datetime, model: Model) -> bool:
    """Whether a model answered all week, but for as many days at its ends as are often without a row."""
    gap = model.profile.reference.longest_gap_days * ONE_DAY
    return min(days) <= start + gap and max(days) >= start + ONE_WEEK - ONE_DAY - gap
