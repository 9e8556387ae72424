"""What a drift check found: the report that `drift` writes, the service keeps, and people and machines read."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, field

from core.documents import Document

REPORT_FORMAT: Final = 1
# The names under which a check keeps its report and what the next one needs.
REPORT_NAME, MEMORY_NAME = "drift-report", "drift-memory"
# A time with its zone.
Moment = Annotated[datetime, Meta(tz=True)]


class Severity(StrEnum):
    """
    How much a finding asks for, from nothing to at once.

    `insufficient_data` says that too few rows were there to tell, `error` that they could not be compared.
    """

    OK = "ok"
    INSUFFICIENT_DATA = "insufficient_data"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    ALERT = "alert"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """The place in the order above; a report is as severe as the worst of its findings."""
        return list(Severity).index(self)

    @property
    def mark(self) -> str:
        """A sign for it, so that nobody has to know colours."""
        return "✓?i△!▲✖"[self.rank]

    @property
    def word(self) -> str:
        """What it is called by people."""
        return "too few rows" if self is Severity.INSUFFICIENT_DATA else self.value

    @property
    def is_alarming(self) -> bool:
        """Whether it belongs in the inbox."""
        return self.rank >= Severity.ALERT.rank


class Rule(StrEnum):
    """What a finding was found by."""

    ABSENT = "absent"
    TYPE = "type"
    RANGE = "range"
    UNIT = "unit"
    MISSING = "missing"
    UNSEEN = "unseen"
    VALUES = "values"
    MEAN = "mean"


class Bar(Document, frozen=True, kw_only=True):
    """A category or an interval, and its share of the present values in the reference and in the window, in [0, 1]."""

    label: str
    reference: float
    window: float


class Point(Document, frozen=True, kw_only=True):
    """
    A column in one window of the past.

    Attributes:
        end: Of the window, not included.
        effect: Distance from the reference, in [0, 1]; None where there was too little to tell.
        threshold: The distance from which the column was worth a warning.
        severity: What was found.
        rule: By what; None where nothing was.
    """

    end: Moment
    effect: float | None
    threshold: float | None
    severity: Severity
    rule: Rule | None = None


class ColumnFinding(Document, frozen=True, kw_only=True):
    """
    One column of a window beside the reference.

    Attributes:
        column: A feature's name, or `score` (of several, `score CLASS`).
        kind: numeric, categorical or score.
        role: tested, seasonal or calendar, as model.toml says.
        unit: Of the numbers; may be empty.
        severity: The worst that was found.
        rule: By what; None where nothing was.
        sentence: What was found, for somebody who knows no statistics.
        rows: Of the window.
        missing: Share of the window's rows without a value, in [0, 1].
        reference_missing: The same of the reference.
        effect: Kolmogorov-Smirnov distance or total variation distance from the reference, in [0, 1].
        threshold: The effect from which it is worth a warning.
        is_calibrated: Whether the threshold comes from windows of the reference, rather than from a default.
        p_value: That a distance as large comes by chance from independent rows; None where it was not tested.
        recent_effect: For a seasonal column: the distance from the last twelve weeks.
        importance: How much the model's loss grows, in per cent, when the column is shuffled; None where unknown.
        quantiles: Of a number, at 5, 25, 50, 75 and 95 %; empty where there are none.
        reference_quantiles: The same of the reference.
        unseen: Categories that the reference does not have, with their rows.
        bars: The distribution, to be drawn; empty where there is none.
        since: The end of the first window of the unbroken row of windows in which this was a warning or worse.
        history: Older windows of the same length and tag, the oldest first; this window is the last.
    """

    column: str
    kind: str
    role: str
    unit: str = ""
    severity: Severity
    rule: Rule | None = None
    sentence: str
    rows: int
    missing: float | None = None
    reference_missing: float | None = None
    effect: float | None = None
    threshold: float | None = None
    is_calibrated: bool = False
    p_value: float | None = None
    recent_effect: float | None = None
    importance: float | None = None
    quantiles: tuple[float, ...] = ()
    reference_quantiles: tuple[float, ...] = ()
    unseen: dict[str, int] = field(default_factory=dict)
    bars: tuple[Bar, ...] = ()
    since: Moment | None = None
    history: tuple[Point, ...] = ()


class WindowFindings(Document, frozen=True, kw_only=True):
    """
    One complete window of one tag.

    Attributes:
        tag: That served the rows.
        days: Length of the window, 1 or 7.
        start: Included, UTC.
        end: Not included, UTC.
        rows: In it.
        severity: The worst of its columns; those with too little to tell count only where there are no others.
        columns: The worst first.
    """

    tag: str
    days: int
    start: Moment
    end: Moment
    rows: int
    severity: Severity
    columns: tuple[ColumnFinding, ...]


class Figure(Document, frozen=True, kw_only=True):
    """
    One figure of quality on rows whose outcome is known, with its 95 % interval, beside the holdout's.

    Attributes:
        baseline: On the holdout; None where the bundle has none.
        value: On the window; None where its rows do not define it.
        worse_by: How much worse than the baseline, in the figure's own unit; negative when better.
        worse_by_at_least: The lower end of the 95 % interval of `worse_by`.
    """

    baseline: float | None
    value: float | None
    low: float | None = None
    high: float | None = None
    worse_by: float | None = None
    worse_by_at_least: float | None = None


class SegmentQuality(Document, frozen=True, kw_only=True):
    """Figures of the rows of one category; those without a baseline of their own have none."""

    column: str
    category: str
    labels: int
    figures: dict[str, Figure]


class QualityFindings(Document, frozen=True, kw_only=True):
    """
    Predictions of a window and what became of them.

    Attributes:
        predictions: Rows that were answered.
        labels: Of these, whose outcome is known.
        figures: By name: accuracy, auc, brier, log_loss, mae, rmse, coverage.
        history: Older windows' figures of the same tag: end of the window, then name and value; the oldest first.
    """

    tag: str
    start: Moment
    end: Moment
    severity: Severity
    sentence: str
    predictions: int
    labels: int
    figures: dict[str, Figure]
    segments: tuple[SegmentQuality, ...] = ()
    history: tuple[tuple[Moment, dict[str, float | None]], ...] = ()

    @property
    def coverage(self) -> float:
        """Share of the predictions whose outcome is known, in [0, 1]."""
        if self.labels >= self.predictions:
            # Of none, nothing; a quotient of larger numbers may be more than a float holds.
            return 1.0 if self.predictions else 0.0
        return self.labels / self.predictions


class Supply(Document, frozen=True, kw_only=True):
    """
    Whether rows come at all.

    Attributes:
        newest: When the newest row was answered; None if there never was one.
        quiet_days: Complete days without a row until now.
        allowed_quiet_days: How many are usual.
    """

    severity: Severity
    sentence: str
    newest: Moment | None
    quiet_days: int
    allowed_quiet_days: int


class DriftReport(Document, frozen=True, kw_only=True):
    """
    One check.

    Attributes:
        line: The model line that was checked, such as `model`.
        made_at: When.
        source: Of the rows, without secrets.
        severity: The worst of all findings.
        headline: One sentence.
        advice: What to do, in sentences, the most urgent first.
        windows: The newest of each length, one for each tag that answered in it; the worst first.
        quality: The newest week whose outcomes are known, one for each tag that answered in it.
        supply: Whether rows come at all.
        judged: How many windows were new in this check.
        notes: What else is to be known, in sentences.
    """

    format: Annotated[int, Meta(ge=1, le=REPORT_FORMAT)] = REPORT_FORMAT
    line: str
    made_at: Moment
    source: str
    severity: Severity
    headline: str
    advice: tuple[str, ...]
    windows: tuple[WindowFindings, ...]
    quality: tuple[QualityFindings, ...]
    supply: Supply
    judged: int
    notes: tuple[str, ...] = ()


def overall(severities: Iterable[Severity]) -> Severity:
    """The most severe of some; those with too little to tell count only where there are no others."""
    found = list(severities)
    return worst([severity for severity in found if severity is not Severity.INSUFFICIENT_DATA] or found)


def worst(severities: Iterable[Severity]) -> Severity:
    """The most severe of some, `ok` if there are none."""
    return max(severities, key=lambda severity: severity.rank, default=Severity.OK)
