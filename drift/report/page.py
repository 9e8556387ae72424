"""The report as one HTML page that needs nothing else: no script, no font, no network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import jinja2
import markupsafe

from core.drift import ColumnFinding, DriftReport, QualityFindings, WindowFindings, worst
from drift.report import wording
from drift.report.changes import changes_of, is_change, is_shown, segment_figures, verdict_of, worst_first
from drift.report.plots import Level, distribution, effect_over_time, figure_over_time

# Two plots each; a page of more would be slow to make and to read.
_MAX_DRAWN: Final = 40
_FOLDER: Final = Path(__file__).parent


def render(report: DriftReport) -> str:
    """The whole page, at most some 700 kB."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        name: getattr(wording, name)
        for name in ("severity", "number", "share", "day", "moment", "plain", "exact", "interval", "figure_name")
    }
    environment.filters["prose"] = _prose
    return environment.get_template("page.html").render(
        report=report,
        wording=wording,
        changes=changes_of(report),
        verdict=verdict_of(report.quality),
        inputs=worst(window.severity for window in report.windows),
        outcomes=worst(quality.severity for quality in report.quality),
        changed=_changed(report.windows),
        windows=list(_windows(report)),
        qualities=[(quality, list(_figures(quality, f"q{place}"))) for place, quality in enumerate(report.quality)],
        distribution=distribution,
        effect_over_time=effect_over_time,
        movers=wording.movers,
        names_of=segment_figures,
        names={window.tag for window in report.windows},
    )


def _prose(text: str) -> markupsafe.Markup:
    """A sentence, in which what stands between backticks is code."""
    parts = wording.plain(text, wording.TEXT_LENGTH).split("`")
    if len(parts) % 2 == 0:
        return markupsafe.escape("`".join(parts))
    coded = (
        markupsafe.Markup("<code>{}</code>").format(part) if place % 2 else part for place, part in enumerate(parts)
    )
    return markupsafe.Markup("").join(coded)


def _windows(report: DriftReport) -> Iterator[tuple[WindowFindings, list[ColumnFinding], list[ColumnFinding]]]:
    """Each window with the columns that are drawn, and those that are a line in a table."""
    room = _MAX_DRAWN
    for window in report.windows:
        ordered = worst_first(window.columns)
        drawn = [finding for finding in ordered if is_shown(finding)][:room]
        room -= len(drawn)
        yield window, drawn, [finding for finding in ordered if finding not in drawn]


def _changed(windows: Sequence[WindowFindings]) -> str:
    """How many columns changed, of how many."""
    changed = {finding.column for window in windows for finding in window.columns if is_change(finding)}
    total = {finding.column for window in windows for finding in window.columns}
    if not total:
        return "No window was compared."
    if not changed:
        return f"None of {len(total)} columns changed more than is normal."
    return f"{len(changed)} of {len(total)} columns changed."


def _figures(quality: QualityFindings, key: str) -> Iterator[tuple[str, str]]:
    """Figures by name with their plot over time, where there is one."""
    for place, (name, figure) in enumerate(quality.figures.items()):
        levels = [
            Level(end=end, value=values.get(name), limit=figure.baseline, severity=None)
            for end, values in quality.history
            if end < quality.end
        ]
        now = Level(
            end=quality.end, value=figure.value, limit=figure.baseline, severity=quality.severity, low=figure.low,
            high=figure.high,
        )  # fmt: skip
        plot = figure_over_time(wording.figure_name(name), [*levels, now], f"{key}f{place}")
        if plot:
            yield wording.figure_name(name), plot
