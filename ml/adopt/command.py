"""`python -m ml adopt`: from a table to model.toml, a report, and a published model."""

from __future__ import annotations

import os
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from core.command import printable
from core.contract import Task
from core.errors import BundleRefused
from ml.datasets.sources import is_url, plain
from ml.options import MODEL_FILE
from ml.publishing import publish_candidate, tell, tell_refusal
from ml.settings import TrainingSettings

if TYPE_CHECKING:
    from ml.adopt.adoption import Adopted
    from ml.adopt.decisions import Wishes
    from ml.problem import Problem
    from ml.progress import Progress

_MOST_SHOWN = 12


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--target", required=True, metavar="COLUMN", help="What to predict.")
@click.option(
    "--task", type=click.Choice([task.value for task in Task]), help="How to read the target  [default: by its values]"
)
@click.option("--positive", metavar="VALUE", help="Binary: the value whose probability is predicted.")
@click.option(
    "--time-column", metavar="COLUMN", help="When each row happened  [default: the one column that can be it]"
)
@click.option("--drop", metavar="COLUMN", multiple=True, help="Leave a column out; may be repeated.")
@click.option("--keep", metavar="COLUMN", multiple=True, help="Keep one that looks useless or like a leak; repeatable.")
@MODEL_FILE
@click.option(
    "--report", type=click.Path(path_type=Path), help="The report  [default: docs/table.md beside model.toml]"
)
@click.option("--no-train", is_flag=True, help="Only decide and write.")
@click.option("--trials", type=click.IntRange(1, 1000), help="As in train, for this training only.")
@click.option(
    "--replace", is_flag=True, help="Write over a model.toml that adopt did not write; it is kept as .before."
)
@click.option(
    "--within", type=click.Path(path_type=Path), default=Path(), help="The folder that FILE is in  [default: this one]"
)
def adopt(
    *,
    files: tuple[str, ...],
    target: str,
    task: str | None,
    positive: str | None,
    time_column: str | None,
    drop: tuple[str, ...],
    keep: tuple[str, ...],
    model_file: Path,
    report: Path | None,
    no_train: bool,
    trials: int | None,
    replace: bool,
    within: Path,
) -> None:
    """Make a model of a table of your own, without writing code.

    Reads FILE (.csv, .tsv, .txt, .parquet, .jsonl, .ndjson, also .gz; several files of the same columns are one table;
    or an https URL), decides what each column is and why, looks for columns that give the answer away, and writes
    model.toml and a report, docs/table.md. Then it trains, judges and publishes as `train --publish` does.

    Run it again when the table changed: what you edited in model.toml stays, the rest follows the table, and the
    difference is shown.

    \b
    scripts/adopt data/customers.csv --target churned
    scripts/adopt data/customers.csv --target churned --drop refund_date --time-column signed_up
    scripts/adopt data/houses.parquet --target price --no-train
    """
    from ml.adopt.adoption import Request, adopt_table
    from ml.adopt.decisions import Wishes
    from ml.datasets.download import Downloads
    from ml.progress import Progress

    progress = Progress()
    # What is wrong with the environment is said before minutes of reading.
    settings = None if no_train else TrainingSettings.from_env(os.environ, progress.transferred)
    wishes = Wishes(
        target=target,
        task=None if task is None else Task(task),
        positive=positive,
        time_column=time_column,
        drop=tuple(dict.fromkeys(drop)),
        keep=tuple(dict.fromkeys(keep)),
    )
    fetch, url = Downloads.from_env(os.environ, progress.transferred).fetch, _url(files)
    request = Request(
        files=(fetch(url),) if url else _existing(files, within),
        wishes=wishes,
        model_file=model_file,
        report=report or model_file.parent / "docs" / "table.md",
        replace=replace,
        command=_as_typed(files, wishes),
        url=url,
        fetch=fetch,
    )
    adopted = adopt_table(request, progress)
    _tell(adopted, model_file, request.report)
    if settings is not None:
        _train(adopted.problem, settings, trials, progress)
    _say_what_next(adopted, model_file, request.report, is_trained=settings is not None)


def _url(files: tuple[str, ...]) -> str:
    """The URL of a table that is to be downloaded; empty for files."""
    urls = [name for name in files if is_url(name)]
    if urls and len(files) > 1:
        raise click.UsageError("takes one URL, or files")
    return urls[0] if urls else ""


def _existing(files: tuple[str, ...], within: Path) -> tuple[Path, ...]:
    found = tuple(within / name for name in files)
    for name, path in zip(files, found, strict=True):
        if path.is_dir():
            raise click.UsageError(f"{name} is a folder; name its files, such as {name.rstrip('/')}/*.csv")
        if not path.is_file():
            raise click.UsageError(f"{name} does not exist")
    return found


def _as_typed(files: tuple[str, ...], wishes: Wishes) -> str:
    """The command, by which the report can be made again."""
    words = ["scripts/adopt", *(plain(name) if is_url(name) else name for name in files), "--target", wishes.target]
    words += ["--task", wishes.task.value] if wishes.task else []
    words += ["--positive", wishes.positive] if wishes.positive is not None else []
    words += ["--time-column", wishes.time_column] if wishes.time_column else []
    words += [word for name in wishes.drop for word in ("--drop", name)]
    words += [word for name in wishes.keep for word in ("--keep", name)]
    return shlex.join(words)


def _tell(adopted: Adopted, model_file: Path, report: Path) -> None:
    decisions, profile = adopted.decisions, adopted.profile
    target = decisions.target.target
    click.echo(
        f"\n{printable(profile.source)}: {profile.rows:,} rows of {len(profile.columns)} columns; {target.name!r} is "
        f"predicted ({target.task.value}) from {len(decisions.features)} of them."
    )
    _print_some("left out", [f"{each.name!r}: {each.reason}" for each in decisions.left_out], report)
    _print_some("look at", decisions.remarks, report)
    click.echo(f"Wrote {model_file} and {report}.")
    for remark in adopted.remarks:
        click.echo(remark)
    for line in adopted.merged.changed:
        click.echo(f"  changed: {printable(line)}")
    for line in adopted.merged.kept:
        click.echo(f"  kept: {printable(line)}")


def _print_some(label: str, sentences: list[str] | tuple[str, ...], report: Path) -> None:
    for sentence in sentences[:_MOST_SHOWN]:
        click.echo(f"  {label:<8}  {printable(sentence)}")
    if len(sentences) > _MOST_SHOWN:
        click.echo(f"  {label:<8}  and {len(sentences) - _MOST_SHOWN} more, in {report}")


def _train(problem: Problem, settings: TrainingSettings, trials: int | None, progress: Progress) -> None:
    from dataclasses import replace

    from ml import pipeline

    plan = problem.training if trials is None else replace(problem.training, trials=trials)
    outcome = pipeline.run(
        pipeline.Request(
            problem=replace(problem, training=plan),
            as_of=settings.as_of,
            tag=None,
            now=datetime.now(UTC).replace(microsecond=0),
        ),
        settings,
        progress,
    )
    tell(outcome)
    if outcome.bundle.manifest.gate.accepted:
        publish_candidate(settings, outcome.bundle, progress)
    else:
        manifest = outcome.bundle.manifest
        tell_refusal(manifest)
        if str(manifest.gate.champion) != manifest.gate.compared_with:
            raise BundleRefused(
                f"no model of {manifest.contract['target']['name']!r} is published, as the gate refused its first one "
                "(the reasons are above): add rows, or columns that tell more of it, then run this again"
            )


def _say_what_next(adopted: Adopted, model_file: Path, report: Path, *, is_trained: bool) -> None:
    from core.snippets import predict_snippets

    click.echo(f"Then read {report}, correct {model_file} where you know better, and run scripts/train.")
    if is_trained and adopted.row is not None:
        curl = predict_snippets(adopted.row, "http://127.0.0.1:8000", needs_key=False).curl
        click.echo(f"\nscripts/serve answers requests such as this one:\n\n{curl}")
