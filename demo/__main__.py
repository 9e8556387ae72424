"""The demonstration: `python -m demo`."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path

try:
    import click
    import polars as pl
    from rich.panel import Panel
except ModuleNotFoundError:
    sys.exit("error: this Python lacks what the demonstration needs; run scripts/demo")

from demo import host
from demo.screen import CONSOLE, chapter
from demo.stage import REPOSITORY, Ran, Stage, StageError, set_up
from example import flights

TRAIN, DEPLOY, ROLLBACK, DRIFT = "train.yml", "deploy.yml", "rollback.yml", "drift.yml"
MONTHS = tuple(date(2013, month, 1) for month in range(4, 10))
# What of a workflow's words tells the story.
_TELLING = ("Trained", "  auc", "  accuracy", "Gate:", "  passed:", "  failed:", "Published", "Nothing was", "Started")
_DEPLOYING = ("model-v",)
_CHECKING = ("▲ alert:", "model/drift: issue")
_OPENING = (
    f"A repository [bold]{REPOSITORY}[/bold] on a stand-in for GitHub, which programs can talk to and which ends with "
    "this. It holds a clone of this project. From here on nobody is at a keyboard: the calendar starts train.yml, and "
    "whatever follows from that. Each training takes half a minute, on a busy machine more."
)
_FIRST = (
    "train.yml starts on its schedule. It knows three months of flights, and is to tell which will be late. With no "
    "model before it, the gate compares it with the base rate: how much less do its errors cost on unseen flights?"
)
_MONTHLY = (
    "A month more is known. Is a new model better than the one that serves, on the same flights? (Its own figures are "
    "of other months than those of the model before.)"
)
_SERVING = (
    "The service fetches the release, verifies it, and gets {:,} real flights of the month, then what became of each. "
    "A warning is a value that training never saw, as the summer's heat is to a model of the winter."
)
_DRIFTING = (
    "A caller's new release sends kilometres where the model learnt miles; nearly every row is still valid. "
    "drift.yml compares the week's rows with what the model was made from, and opens an issue."
)


@click.command()
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep everything in this new folder  [default: a temporary one]",
)
@click.option(
    "--months", type=click.IntRange(2, len(MONTHS)), default=len(MONTHS), show_default=True, help="To train at most."
)
@click.option("--flights", type=click.IntRange(1), default=3000, show_default=True, help="Of each month, to replay.")
def main(folder: Path | None, months: int, flights: int) -> None:
    """Show months of a model's life on this machine: no account, no Docker, about six minutes.

    GitHub is a stand-in on loopback ports that keeps state and refuses what GitHub refuses; the workflows are the
    real files of .github/workflows, run by act; the flights are those of 2013. What happens on GitHub in months
    happens here as fast as it can: the clock is set, and everything else is as it would be. At the end it is today:
    one host with a real Caddy gets a good model, and a bad one that goes back by itself.
    """
    with tempfile.TemporaryDirectory(prefix="slipway-demo-") as temporary:
        try:
            if folder is not None:
                _make(folder)
            with set_up(folder or Path(temporary)) as stage:
                play(stage, MONTHS[:months], flights)
        except StageError as error:
            click.echo(f"error: {error}", err=True)
            sys.exit(1)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise StageError(
            f"{folder} cannot be made ({error.strerror}); --folder takes one that is not there yet"
        ) from error


def play(stage: Stage, calendar: Sequence[date], flights: int) -> None:
    """The whole story: months go by until the gate has refused a model and let a second one through."""
    started = time.monotonic()
    CONSOLE.print(Panel(_OPENING, title="Slipway: months of a model's life in minutes"))
    first, *later = calendar
    with chapter(f"{first:%d %B %Y}: the first training", _FIRST):
        _train(stage, first)
    _serve_a_month(stage, first, flights)
    _check_a_week(stage, first + timedelta(days=-first.weekday() % 7))
    for number, month in enumerate(later, 1):
        with chapter(f"{month:%d %B %Y}: the monthly training", _MONTHLY):
            _train(stage, month)
        if 1 < len(stage.history()) <= number:
            break
    if len(stage.history()) < 2:
        raise StageError("no second model was better than the first; try more --months")
    newer = stage.history()[-1].tag
    _serve_a_month(stage, month, flights)
    with chapter("A person is not content, and goes back", f"rollback.yml, by hand, from {newer}."):
        moment = datetime.combine(month + timedelta(days=9), clock_time(hour=9), UTC).isoformat()
        wish = {"from": str(newer), "reason": "too many false alarms", "at": moment}
        _tell(stage.run(ROLLBACK, "workflow_dispatch", **wish))
    with chapter("And back it is", "What the repository holds now; staging still has the model that was left."):
        _show(stage)
    host.play(stage, newer)
    CONSOLE.print(f"\nThat took {time.monotonic() - started:.0f} seconds.")
    CONSOLE.print("[bold]Next:[/bold] scripts/serve, and README.md: your own table is one file, model.toml.")


def _train(stage: Stage, month: date) -> None:
    _tell(stage.run(TRAIN, "schedule", as_of=month.isoformat()))


def _tell(runs: Iterable[Ran]) -> None:
    telling_of = {TRAIN: _TELLING, DRIFT: _CHECKING}
    for run in runs:
        CONSOLE.print(f"[bold cyan]{run.workflow}")
        telling = telling_of.get(run.workflow, _DEPLOYING)
        for line in run.said:
            if line.startswith(telling):
                CONSOLE.print(f"  {line}", markup=False)


def _serve_a_month(stage: Stage, since: date, flights: int) -> None:
    until = date(since.year, since.month + 1, 1)
    tag = str(stage.history()[-1].tag)
    with (
        chapter(f"{since:%B}: {tag} serves", _SERVING.format(flights)),
        stage.serving(tag) as url,
    ):
        window = ("--since", since.isoformat(), "--until", until.isoformat())
        said = stage.command("ml", "traffic", "--url", url, *window, "--limit", str(flights), "--rate", "400")
        for line in said:
            if line.startswith("  "):
                CONSOLE.print(line, markup=False)


def _check_a_week(stage: Stage, monday: date) -> None:
    until, path = monday + timedelta(days=7), stage.folder / "week.parquet"
    with chapter(f"{until:%d %B %Y}: the inputs have changed", _DRIFTING):
        day = pl.col("scheduled_at").dt.convert_time_zone("UTC").dt.date()
        week = flights.load().frame.filter(day.is_between(monday, until, closed="left")).with_row_index("id")
        kilometres, tag = pl.col("distance") * 1.609344, pl.lit(str(stage.history()[-1].tag))
        rows = week.drop("late").rename({"scheduled_at": "at"}).with_columns(kilometres, tag=tag)
        rows.write_parquet(path)
        _tell(stage.run(DRIFT, "workflow_dispatch", as_of=until.isoformat(), source=str(path)))
        for issue in stage.github.repository(REPOSITORY).issues.values():
            CONSOLE.print(f"  Issue {issue.number}: {issue.title} ({', '.join(issue.labels)})", markup=False)


def _show(stage: Stage) -> None:
    for title, command in (
        ("Releases: python -m ml tags", ("ml", "tags")),
        ("Environments: python -m deploy history", ("deploy", "history")),
    ):
        CONSOLE.print(f"\n[bold]{title}")
        for line in stage.command(*command):
            CONSOLE.print(f"  {line}", markup=False, soft_wrap=True)
    CONSOLE.print("\n[bold]Each is a release whose files were compared with what was sent before it was published")
    for release in stage.github.repository(REPOSITORY).releases.values():
        size = sum(asset.size for asset in release.assets)
        CONSOLE.print(f"  {release.tag_name}: {len(release.assets)} files, {size:,} bytes")


if __name__ == "__main__":
    main(prog_name="python -m demo")
