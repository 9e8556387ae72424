"""The command line of training: `python -m ml adopt | train | evaluate | publish | card | tags | data | traffic`."""

from __future__ import annotations

import os
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

try:
    import click
except ModuleNotFoundError:
    sys.exit("error: this Python lacks what training needs; run scripts/setup train, then .venv/bin/python -m ml")

from core.bundle import CARD_NAME, CARD_PAGE_NAME, Bundle
from core.command import SlipwayGroup, TagType, columns, this_python
from core.places import open_github
from core.summary import add_summary
from core.tags import ModelTag
from ml.adopt.command import adopt
from ml.data_command import data
from ml.options import AS_OF, MODEL_FILE
from ml.publishing import print_gate, print_metrics, publish_candidate, tell, tell_refusal
from ml.replaying import replay_candidate
from ml.settings import TrainingSettings
from ml.track_command import report, track
from ml.traffic_command import traffic

if TYPE_CHECKING:
    from core.manifest import Manifest
    from ml.progress import Progress


@click.group(cls=SlipwayGroup)
def main() -> None:
    """Train a model, judge it against the champion, publish it to the registry.

    \b
    adopt      from a table of your own to model.toml, and to a model
    train      fit, evaluate and judge; leaves a candidate on disk
    publish    check the candidate once more and put it into the registry
    evaluate   score a candidate or a published tag on today's holdout
    card       print a model card
    tags       list what is published
    data       show what the data are now, and whether a model was made from them
    traffic    replay rows against a running service
    track      record in W&B how the project stands today
    report     show it in a W&B report
    """


@main.command()
@MODEL_FILE
@AS_OF
@click.option(
    "--trials",
    type=click.IntRange(1, 1000),
    help="Hyperparameter sets per boosted member (model.toml: training.trials).",
)
@click.option(
    "--seed", type=click.IntRange(0, 2**31 - 1), help="Makes the training repeatable (model.toml: training.seed)."
)
@click.option("--tag", type=TagType(), envvar="TRAIN_TAG", help="The tag to give the model; by default the next one.")
@click.option("--publish", is_flag=True, help="Publish the candidate if the gate accepts it.")
@click.option(
    "--if-new", is_flag=True, help="Do nothing if the newest published model was made from the same data and settings."
)
@click.option(
    "--replay", is_flag=True, help="Before publishing, show what it would have answered to what SERVICE_URL was asked."
)
@click.option(
    "--dispatch",
    metavar="WORKFLOW",
    help="Start this workflow of GITHUB_REPOSITORY with what was published, unless that was deployed before.",
)
def train(
    *,
    model_file: Path,
    as_of: datetime | None,
    trials: int | None,
    seed: int | None,
    tag: ModelTag | None,
    publish: bool,
    if_new: bool,
    replay: bool,
    dispatch: str | None,
) -> None:
    """Train on the data that model.toml names.

    Writes a candidate bundle and its model card, judges it against the champion and records the run in W&B. A
    candidate that the gate refuses is no failure: the champion stays, and the status is 0.

    The replay clock is set by --as-of or the variable AS_OF; without either all there is is used.
    """
    from dataclasses import replace

    from ml import pipeline
    from ml.datasets.download import Downloads
    from ml.problem import read_problem
    from ml.progress import Progress

    progress = Progress()
    settings = TrainingSettings.from_env(os.environ, progress.transferred)
    if dispatch is not None and not publish:
        raise click.UsageError("--dispatch starts a workflow with what is published; add --publish")
    if dispatch is not None:
        # Minutes of training are not to be lost over that.
        open_github(os.environ)
    problem = read_problem(model_file, Downloads.from_env(os.environ, progress.transferred).fetch)
    plan = replace(
        problem.training,
        trials=problem.training.trials if trials is None else trials,
        seed=problem.training.seed if seed is None else seed,
    )
    request = pipeline.Request(
        problem=replace(problem, training=plan),
        as_of=settings.as_of if as_of is None else as_of.date(),
        tag=tag,
        now=datetime.now(UTC).replace(microsecond=0),
        only_if_new=if_new,
    )
    try:
        outcome = pipeline.run(request, settings, progress)
    except pipeline.NothingNew as known:
        click.echo(f"Nothing was trained: {known}.")
        add_summary(os.environ, f"Nothing was trained: {known}.")
        _dispatch(settings, known.newest, dispatch, is_new=False)
        return
    tell(outcome)
    if replay and (said := replay_candidate(settings.candidate, model_file, os.environ)):
        click.echo(said)
    _finish(settings, outcome.bundle, progress, publish=publish, dispatch=dispatch)


def _finish(
    settings: TrainingSettings, bundle: Bundle, progress: Progress, *, publish: bool, dispatch: str | None
) -> None:
    """Publish what the gate accepted, if that is wanted, and tell what came of it."""
    from ml.announce import as_summary

    manifest = bundle.manifest
    if not manifest.gate.accepted:
        tell_refusal(manifest)
    elif publish:
        publish_candidate(settings, bundle, progress)
    else:
        click.echo(f"Next: {this_python()} -m ml publish")
    is_published = manifest.gate.accepted and publish
    add_summary(os.environ, as_summary(manifest, is_published=is_published))
    if is_published:
        _dispatch(settings, manifest, dispatch, is_new=True)


def _dispatch(settings: TrainingSettings, manifest: Manifest, workflow: str | None, *, is_new: bool) -> None:
    """Start what deploys a published model; one that was published before only if that got lost."""
    from ml.announce import lost_start, start_workflow

    if workflow is None or not (is_new or lost_start(workflow, manifest, settings.ledger, os.environ)):
        return
    as_of = manifest.lineage.as_of
    said = start_workflow(workflow, manifest.tag, None if as_of is None else date.fromisoformat(as_of), os.environ)
    click.echo(said)
    add_summary(os.environ, said)


@main.command()
def publish() -> None:
    """Publish the candidate.

    Refuses one that the gate refused, and one whose served scores differ from the trained ensemble's by more
    than 1e-5 anywhere on the holdout.
    """
    from ml.candidate import read_candidate
    from ml.progress import Progress

    progress = Progress()
    settings = TrainingSettings.from_env(os.environ, progress.transferred)
    publish_candidate(settings, read_candidate(settings.candidate), progress)


@main.command()
@click.argument("tag", type=TagType(), required=False)
@MODEL_FILE
@AS_OF
def evaluate(tag: ModelTag | None, model_file: Path, as_of: datetime | None) -> None:
    """Score TAG (by default the candidate) on today's holdout and judge it against the champion."""
    from core.scorer import load_scorer
    from ml import pipeline
    from ml.champion import find_champion, judge, score_holdout
    from ml.datasets.download import Downloads
    from ml.problem import read_problem
    from ml.progress import Progress

    progress = Progress()
    settings = TrainingSettings.from_env(os.environ, progress.transferred)
    with progress.step("Reading the model"):
        bundle = _bundle(settings, tag)
    problem = read_problem(model_file, Downloads.from_env(os.environ, progress.transferred).fetch)
    with progress.step("Reading the data"):
        parts = pipeline.read_parts(problem, None if as_of is None else as_of.date())
    with progress.step("Evaluating on the holdout"):
        metrics = score_holdout(bundle, parts.holdout, problem)
    click.echo(f"\n{bundle.manifest.tag} on {len(parts.holdout):,} holdout rows:")
    print_metrics(metrics)
    with progress.step("Judging against the champion"):
        current = find_champion(settings.registry, settings.ledger)
        verdict, _ = judge(
            load_scorer(bundle),
            bundle.contract,
            parts,
            problem,
            calibration_error=pipeline.calibration_error(metrics),
            current=current,
            coverage=pipeline.coverage(metrics, bundle.manifest.intervals),
        )
    print_gate(verdict.is_accepted, pipeline.reasons(verdict))


@main.command()
@click.argument("tag", type=TagType(), required=False)
@click.option(
    "--html", "page", type=click.Path(path_type=Path), help="Write the card as one HTML page, plots included."
)
def card(tag: ModelTag | None, page: Path | None) -> None:
    """Print the model card of TAG (by default the candidate)."""
    from core.errors import BundleRefused
    from core.files import write_atomically

    bundle = _bundle(TrainingSettings.from_env(os.environ), tag)
    if page is not None:
        if CARD_PAGE_NAME not in bundle.files:
            raise BundleRefused(f"{bundle.manifest.tag} has no {CARD_PAGE_NAME}; leave out --html")
        write_atomically(page, bundle.files[CARD_PAGE_NAME])
        click.echo(f"Wrote {page}; open it in a browser.")
        return
    text = bundle.files[CARD_NAME].decode(errors="replace")
    if not sys.stdout.isatty():
        click.echo(text, nl=False)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console().print(Markdown(text))


@main.command()
@click.option("--names", is_flag=True, help="Only the tags, one a line.")
def tags(*, names: bool) -> None:
    """List the published models, oldest first: figures, what each was made from, and where it serves."""
    from ml.catalog import HEAD, list_models

    settings = TrainingSettings.from_env(os.environ)
    if names:
        for tag in settings.registry.tags():
            click.echo(str(tag))
        return
    models = list_models(settings.registry, settings.ledger)
    if not models:
        click.echo(f"Nothing is published in {settings.registry} yet; scripts/train does it.", err=True)
        return
    click.echo(columns(HEAD, models))


def _bundle(settings: TrainingSettings, tag: ModelTag | None) -> Bundle:
    from ml.candidate import read_candidate

    return read_candidate(settings.candidate) if tag is None else settings.registry.fetch(tag)


main.add_command(adopt)
main.add_command(data)
main.add_command(track)
main.add_command(report)
main.add_command(traffic)

if __name__ == "__main__":
    main(prog_name="python -m ml")
