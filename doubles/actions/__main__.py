"""`python -m doubles.actions`: a workflow run on this machine, or whatever is queued at the GitHub double."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event
from typing import Any, TypeVar

import click
import requests

from doubles.actions.claims import Machine
from doubles.actions.runner import MissingStandIn, run_workflow

_Command = TypeVar("_Command", bound=Callable[..., Any])


def _pairs(_: click.Context, option: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    pairs = [item.partition("=") for item in given]
    if wrong := [name for name, equals, _ in pairs if not equals]:
        raise click.BadParameter(f"{wrong[0]}: takes NAME=VALUE", param=option)
    return {name: value for name, _, value in pairs}


def _secrets(_: click.Context, option: click.Parameter, names: tuple[str, ...]) -> dict[str, str]:
    if missing := [name for name in names if name not in os.environ]:
        raise click.BadParameter(f"{missing[0]} is not in the environment", param=option)
    return {name: os.environ[name] for name in names}


def _with_settings(command: _Command) -> _Command:
    """What both commands take."""
    for option in (
        click.option("--var", "variables", multiple=True, callback=_pairs, help="vars.NAME, as NAME=VALUE."),
        click.option("--secret", "secrets", multiple=True, callback=_secrets, help="secrets.NAME, a variable here."),
        click.option("--env", "environment", multiple=True, callback=_pairs, help="NAME=VALUE for every step."),
        click.option("--timeout-s", default=600.0, help="How long a run may take."),
    ):
        command = option(command)
    return command


@click.group()
def main() -> None:
    """Run workflows here; the scripts they call use the environment that this command runs in."""
    # Whatever is being run is then ended, and with it all that it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


@main.command()
@click.argument("workflow")
@click.argument("event")
@click.option("--repository-dir", type=click.Path(path_type=Path, exists=True, file_okay=False), default=Path())
@click.option("--input", "inputs", multiple=True, callback=_pairs, help="inputs.NAME, as NAME=VALUE.")
@click.option("--api-url", help="Where GitHub's REST API is; its token is taken from GITHUB_TOKEN.")
@click.option("--folder", type=click.Path(path_type=Path), help="An empty folder, for artifacts to be kept.")
@_with_settings
def run(
    workflow: str, event: str, repository_dir: Path, folder: Path | None, environment: Mapping[str, str], **options: Any
) -> None:
    """Run one WORKFLOW of a folder, such as .github/workflows/ci.yml, as if EVENT had happened."""
    try:
        done = run_workflow(
            repository_dir,
            workflow,
            event,
            folder=(folder or Path(tempfile.mkdtemp(prefix="actions-"))).absolute(),
            token=os.environ.get("GITHUB_TOKEN", ""),
            environment=_here(environment),
            **options,
        )
    except MissingStandIn as problem:
        raise click.ClickException(str(problem)) from problem
    click.echo(done.log)
    click.echo(f"{done.conclusion}; artifacts are in {done.artifacts}", err=True)
    sys.exit(0 if done.conclusion == "success" else 1)


@main.command()
@click.argument("double_url")
@click.option("--repository", "repositories", multiple=True, required=True, callback=_pairs, help="OWNER/NAME=FOLDER.")
@click.option("--folder", type=click.Path(path_type=Path), required=True, help="Where each run gets a folder.")
@_with_settings
def serve(
    double_url: str, repositories: Mapping[str, str], folder: Path, environment: Mapping[str, str], **options: Any
) -> None:
    """Run what is queued at the GitHub double at DOUBLE_URL, one run after the other, until a SIGTERM."""
    machine = Machine(
        double_url=double_url.rstrip("/"),
        repositories={name: Path(path) for name, path in repositories.items()},
        folder=folder.absolute(),
        environment=_here(environment),
        **options,
    )
    try:
        machine.push()
        click.echo(f"waiting for runs of {', '.join(machine.repositories)}")
        for done in machine.serve(Event()):
            click.echo(f"run {done.id}, {done.workflow}: {done.conclusion}; {done.log}")
    except requests.RequestException as problem:
        raise click.ClickException(f"the double does not do what it was asked: {problem}") from problem


def _here(environment: Mapping[str, str]) -> dict[str, str]:
    return {"VENV": sys.prefix, **environment}


if __name__ == "__main__":
    main()
