"""The command line of drift: `python -m drift check | report | explain | simulate`."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

try:
    import click
    from rich.console import Console
except ModuleNotFoundError:
    sys.exit("error: this Python lacks what drift needs; run scripts/setup drift, then .venv/bin/python -m drift")

from core.command import SlipwayGroup, TagType, this_python
from core.drift import DriftReport, Severity, WindowFindings
from core.drift_policy import read_policy_file
from core.errors import SlipwayError
from core.logs import configure_logs
from core.summary import add_summary
from core.tags import ModelTag
from drift.phrases import explaining
from drift.rows import Source
from drift.settings import DriftSettings
from drift.simulation.choice import GRAMMAR

_NOTHING = "Nothing to check: DRIFT_SOURCE does not say where the rows are; docs/drift.md says what it takes."
_SOURCE = click.option(
    "--source",
    metavar="PLACE",
    help="A service's address, sqlite:PATH, postgresql://…, or a CSV, Parquet or JSON-lines file  "
    "[default: DRIFT_SOURCE, else the service's own journal]",
)
_TAG = click.option("--tag", type=TagType(), help="The model that answered the rows of a file, if it does not say.")
_TIME = click.option("--time", "time_column", metavar="COLUMN", help="When rows of a file were answered  [default: at]")
_MODEL_FILE = click.option(
    "--model-file", type=click.Path(path_type=Path), default="model.toml", show_default=True, help="Says what counts."
)
_AS_OF = click.option(
    "--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Believe that it is the morning of this day  [default: today]"
)


@click.group(cls=SlipwayGroup)
def main() -> None:
    """Compare what a service was asked with what its model was made from, and tell when it differs.

    \b
    check      judge every day and week that is complete, and tell
    report     show what the last check found
    explain    everything about one column
    simulate   which faults would be noticed on these rows
    """
    # What GitHub or a service is asked twice is of no interest between the lines.
    configure_logs("warning")


@main.command()
@_SOURCE
@_TAG
@_TIME
@_MODEL_FILE
@_AS_OF
@click.option("--forget", is_flag=True, help="Begin as if there had been no check before.")
def check(
    *, source: str | None, tag: ModelTag | None, time_column: str | None, model_file: Path, as_of: datetime | None,
    forget: bool,
) -> None:  # fmt: skip
    """Judge every day and week that is complete and was not judged yet.

    The report is written to DRIFT_DIR as a page, as Markdown and as JSON, and kept beside the rows, where the service
    shows it. With DRIFT_ALERTS=github:OWNER/NAME an issue tells of what is alarming. Checking twice changes nothing.
    """
    from drift.report.markdown import job_summary  # noqa: PLC0415  # scipy and matplotlib, which --help need not load
    from drift.report.terminal import show  # noqa: PLC0415  # as above
    from drift.running import run_check, tell  # noqa: PLC0415  # as above

    settings, rows = _open(source, tag, time_column, as_of)
    if rows is None:
        _say(_NOTHING)
        return
    policy = read_policy_file(model_file)
    with _progress("Reading the rows") as progress:
        checked = run_check(
            rows, settings, policy, now=settings.moment(datetime.now(UTC)), forgets=forget, progress=progress
        )
    console = Console(highlight=False)
    show(checked.report, console)
    add_summary(os.environ, job_summary(checked.report))
    # What cannot be kept must be told all the same, and what cannot be told be kept.
    try:
        if settings.alerts is not None:
            for sentence in tell(checked, settings.alerts, policy, os.environ, as_of=settings.as_of):
                _say(sentence)
    finally:
        checked.keep()
    judged = checked.report.judged
    click.echo(f"{judged} {'window was' if judged == 1 else 'windows were'} judged. The report: {checked.page}")
    if not judged and checked.report.windows:
        click.echo("All complete days were judged before; --forget judges them anew.")
    _next(checked.report, "" if source is None else f" --source {shlex.quote(source)}")
    if checked.report.severity is Severity.ERROR:
        raise SlipwayError("not everything could be compared; the report says what, and why")


def _next(report: DriftReport, where: str) -> None:
    worst = [each.column for window in report.windows for each in window.columns if each.severity.is_alarming]
    if worst:
        click.echo(f"Next: {this_python()} -m drift {explaining(worst[0])}{where}")


@main.command()
@_SOURCE
@_TAG
@_TIME
@click.option("--html", "page", type=click.Path(path_type=Path), help="Write the page to this file.")
@click.option("--format", "form", type=click.Choice(["text", "markdown", "json"]), default="text", show_default=True)
def report(*, source: str | None, tag: ModelTag | None, time_column: str | None, page: Path | None, form: str) -> None:
    """Show what the last check found."""
    from core.documents import to_json  # noqa: PLC0415  # see check
    from drift.report.markdown import job_summary  # noqa: PLC0415  # see check
    from drift.report.page import render  # noqa: PLC0415  # see check
    from drift.report.terminal import show  # noqa: PLC0415  # see check

    _, rows = _open(source, tag, time_column, None)
    found = _last(rows)
    if page is not None:
        page.write_text(render(found), encoding="utf-8")
        click.echo(f"The report: {page}")
    elif form == "text":
        show(found, Console(highlight=False))
    else:
        click.echo(job_summary(found) if form == "markdown" else to_json(found).decode(), nl=False)


@main.command()
@click.argument("column")
@_SOURCE
@_TAG
@_TIME
def explain(*, column: str, source: str | None, tag: ModelTag | None, time_column: str | None) -> None:
    """Say everything about COLUMN that the last check found."""
    from drift.report.terminal import explain as explain_column  # noqa: PLC0415  # see check

    _, rows = _open(source, tag, time_column, None)
    found = _last(rows)
    told = [(each, window) for window in found.windows for each in window.columns if each.column == column]
    if not told:
        raise SlipwayError(f"the last check says nothing of {column!r}; it knows {', '.join(_columns(found.windows))}")
    console = Console(highlight=False)
    for each, window in told:
        explain_column(each, window, console)


@main.command(epilog=f"\b\n{GRAMMAR}")
@_SOURCE
@_TAG
@_TIME
@_AS_OF
@click.option("--fault", "faults", multiple=True, metavar="TEXT", help="Try this one; may be given several times.")
@click.option("--weeks", type=click.IntRange(1, 52), default=8, show_default=True, help="Of rows, the last ones.")
def simulate(
    *, source: str | None, tag: ModelTag | None, time_column: str | None, as_of: datetime | None,
    faults: tuple[str, ...], weeks: int,
) -> None:  # fmt: skip
    """Say which faults would be noticed on these rows, and how soon.

    Each fault is put into complete weeks, from every one on, beside the model's own reference. Without --fault the
    usual ones are tried on every column. Nothing is kept, and nobody is told.
    """
    from drift.models import Models  # noqa: PLC0415  # see check
    from drift.simulation.choice import parse_fault  # noqa: PLC0415  # see check
    from drift.simulation.command import simulate_command  # noqa: PLC0415  # see check
    from drift.simulation.weeks import last_weeks  # noqa: PLC0415  # see check

    settings, rows = _open(source, tag, time_column, as_of)
    if rows is None:
        raise SlipwayError(_NOTHING)
    with _progress("Reading the rows"):
        now = settings.moment(datetime.now(UTC))
        model, windows = last_weeks(rows, Models(registry=settings.registry), now=now, count=weeks)
    try:
        chosen = [parse_fault(text, model.profile.contract) for text in faults]
    except ValueError as error:
        raise SlipwayError(str(error)) from error
    console = Console(highlight=False)
    simulate_command(model.profile, windows, chosen, console, drops_columns=rows.drops_columns)


def _columns(windows: Sequence[WindowFindings]) -> list[str]:
    return sorted({each.column for window in windows for each in window.columns}) or ["no column yet"]


def _open(
    source: str | None, tag: ModelTag | None, time_column: str | None, as_of: datetime | None
) -> tuple[DriftSettings, Source | None]:
    settings = DriftSettings.from_env(os.environ)
    settings = replace(settings, source=source or settings.source, as_of=as_of.date() if as_of else settings.as_of)
    return settings, settings.open_rows(tag=None if tag is None else str(tag), time_column=time_column)


def _last(rows: Source | None) -> DriftReport:
    from drift.running import kept_report  # noqa: PLC0415  # see check

    if rows is None:
        raise SlipwayError(_NOTHING)
    found = kept_report(rows)
    if found is None:
        raise SlipwayError(f"{rows.name}: no check was made yet; {this_python()} -m drift check makes one")
    return found


@contextmanager
def _progress(title: str) -> Iterator[Callable[[str], None]]:
    """On a terminal, what is being done."""
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status(title) as status:
        yield lambda text: status.update(f"{title}: {text}")


def _say(text: str) -> None:
    click.echo(text)
    add_summary(os.environ, text)


if __name__ == "__main__":
    main(prog_name="python -m drift")
