"""`python -m deploy replay TAG`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import click

from core.bundle import Bundle
from core.command import TagType, printable
from core.errors import ExperimentError, SlipwayError
from core.experiment_policy import read_policy_file
from core.service import Service
from core.summary import add_summary
from core.tags import ModelTag
from deploy.options import SERVICE, open_service
from deploy.replay.replaying import replay as replay_of
from deploy.replay.saying import as_markdown, as_text
from deploy.settings import DeploySettings

CANDIDATE: Final = "candidate"


class _Challenger(click.ParamType[ModelTag | str]):
    name = "tag"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> ModelTag | str:
        return CANDIDATE if value == CANDIDATE else TagType().convert(value, param, ctx)


@click.command()
@click.argument("tag", type=_Challenger())
@click.option("--rows", type=click.IntRange(1, 100_000), default=10_000, show_default=True, help="So many, the newest.")
@click.option("--model-file", type=click.Path(path_type=Path), default="model.toml", show_default=True)
@click.option(
    "--candidate",
    type=click.Path(path_type=Path),
    envvar="CANDIDATE_DIR",
    default=".slipway/candidate",
    help="Where the last trained bundle waits  [default: CANDIDATE_DIR, or .slipway/candidate]",
)
@SERVICE
def replay(tag: ModelTag | str, rows: int, model_file: Path, candidate: Path, url: str | None) -> None:
    """Let TAG answer what a service was asked last, on this machine, and compare.

    TAG is a published tag, or the word candidate for what was trained last. Its answers stand beside those that the
    champion gave then: how many are alike, how far the scores moved, in which segments, and where outcomes are known,
    which of the two was right more often. By which loss, and in which segments, stands under [experiment] and [gate] of
    model.toml. SERVICE_KEY needs the scope admin; the service is sent nothing.
    """
    try:
        settings = DeploySettings.from_env(os.environ)
        policy = read_policy_file(model_file)
        challenger = settings.registry.fetch(tag) if isinstance(tag, ModelTag) else _candidate(candidate)
        found = replay_of(open_service(settings, url, Service), settings.registry, challenger, policy, rows=rows)
    except SlipwayError as error:
        add_summary(os.environ, f"**Nothing was replayed:** {error}")
        raise
    click.echo(printable(as_text(found)))
    add_summary(os.environ, as_markdown(found))


def _candidate(directory: Path) -> Bundle:
    if not (directory / "bundle").is_dir():
        raise ExperimentError(f"{directory} holds no candidate; run scripts/train first, or name a published tag")
    return Bundle.read(directory / "bundle")
