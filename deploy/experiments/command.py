"""`python -m deploy experiment start | status | readout | stop`."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from core.command import Number, SlipwayGroup, TagType
from core.errors import ExperimentError
from core.experiment import Experiment
from core.experiment_policy import read_policy_file
from core.summary import add_summary
from core.tags import ModelTag
from deploy.bringing import verified
from deploy.experiments.life import begun
from deploy.experiments.notice import figures
from deploy.experiments.running import Desk, Looked, close, follow, look, over_because
from deploy.experiments.service import ExperimentService
from deploy.options import SERVICE, open_service
from deploy.settings import DeploySettings


@click.group(cls=SlipwayGroup)
def experiment() -> None:
    """Let a challenger answer a share of the subjects, and find out which of the two is better.

    \b
    start      begin, or give a running challenger a larger share
    status     what the service does now
    readout    read every outcome since the beginning, and say one of four words
    stop       let the champion answer all again

    Requests say in the header X-Subject whom they are about; those without belong to no experiment. How it is judged
    stands under [experiment] of model.toml, and is fixed when it begins. SERVICE_KEY needs the scope admin.
    """


@experiment.command()
@click.argument("tag", type=TagType())
@click.option("--share", type=Number(0.001, 0.9), default=0.1, show_default=True, help="Of the subjects.")
@click.option("--model-file", type=click.Path(path_type=Path), default="model.toml", show_default=True)
@SERVICE
def start(tag: ModelTag, share: float, model_file: Path, url: str | None) -> None:
    """Let TAG answer a share of the subjects; of a challenger that runs, a larger one."""
    settings = DeploySettings.from_env(os.environ)
    service = open_service(settings, url, ExperimentService)
    serving, running = service.look()
    champion = verified(settings.registry, serving)
    verified(settings.registry, tag)
    wanted = begun(running, champion, tag, share=share, policy=read_policy_file(model_file), now=datetime.now(UTC))
    kept = service.keep(wanted)
    _say(
        f"{kept.challenger} answers {kept.share:.0%} of the subjects of {service.name}, {kept.champion} all others. "
        f"Judged by {kept.policy.loss}; python -m deploy experiment readout says how it stands."
    )


@experiment.command()
@SERVICE
def status(url: str | None) -> None:
    """Say what the service's experiment is, and what was read off it last."""
    service = open_service(DeploySettings.from_env(os.environ), url, ExperimentService)
    serving, running = service.look()
    if running is None:
        click.echo(f"{serving} serves; there was no experiment yet. python -m deploy experiment start TAG begins one.")
        return
    click.echo(_standing(running))


@experiment.command()
@SERVICE
def readout(url: str | None) -> None:
    """Read every row since the beginning, and say how it stands.

    It is said in the experiment's issue, too, if DEPLOY_ALERTS names a repository.
    What is decided stands, however often one looks. With on_decision = "act" in model.toml a challenger that is better
    is deployed, and any other decision ends the experiment.
    """
    settings, now = DeploySettings.from_env(os.environ), datetime.now(UTC)
    if not (url or settings.platform):
        # A repository without a service has the daily workflow, too.
        _say("There is no service to look at: SERVICE_URL names one, as does --service.")
        return
    service = open_service(settings, url, ExperimentService)
    serving, running = service.look()
    if running is None or running.ended is not None:
        _say("There is no experiment to look at." if running is None else _standing(running))
        return
    desk = _desk(settings, service)
    over = over_because(serving, running)
    if over is not None:
        _say(f"The experiment is over: {over}")
        close(desk, running, now, reason=over)
        return
    target = settings.registry.fetch(running.champion).contract.target
    looked = look(service, running, target, now)
    _show(looked)
    follow(desk, looked, now)


@experiment.command()
@click.option("--reason", default="stopped by hand", show_default=True, help="Why, for the issue.")
@SERVICE
def stop(reason: str, url: str | None) -> None:
    """Let the champion answer all again."""
    settings, now = DeploySettings.from_env(os.environ), datetime.now(UTC)
    service = open_service(settings, url, ExperimentService)
    _, running = service.look()
    if running is None or running.ended is not None:
        raise ExperimentError(f"{service.name} has no experiment that could be stopped")
    kept = close(_desk(settings, service), running, now, reason=reason)
    _say(f"{kept.champion} answers all subjects again.")


def _desk(settings: DeploySettings, service: ExperimentService) -> Desk:
    ref = os.environ.get("GITHUB_REF_NAME") or "main"
    return Desk(service=service, github=settings.alerts, ref=ref, tell=_say)


def _standing(running: Experiment) -> str:
    last = running.readings[-1] if running.readings else None
    word = running.decided.word if running.decided else (last.word if last else "running")
    ended = f", ended {running.ended:%Y-%m-%d}" if running.ended else f", {running.share:.0%} of the subjects"
    return f"{running.challenger} against {running.champion}, since {running.began:%Y-%m-%d}{ended}: {word}."


def _show(looked: Looked) -> None:
    found = looked.experiment
    decided = f"{found.decided.word} since {found.decided.at:%Y-%m-%d}: {found.decided.reason}" if found.decided else ""
    click.echo(_standing(found))
    click.echo(decided or " ".join(looked.readout.reasons))
    click.echo(figures(found, looked.evidence))
    if looked.nameless:
        click.echo(f"{looked.nameless:,} rows came without an X-Subject, and belong to no experiment.")
    add_summary(
        os.environ,
        f"**{_standing(found)}** {decided or ' '.join(looked.readout.reasons)}\n\n{figures(found, looked.evidence)}",
    )


def _say(text: str) -> None:
    click.echo(text)
    add_summary(os.environ, text)
