"""The command line of the service: `python -m app serve | check | preflight`."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

try:
    import click
except ModuleNotFoundError:
    sys.exit("error: this Python lacks what serving needs; run scripts/setup serve, then .venv/bin/python -m app")

from app.keys import Scope, new_key
from app.served_model import ServedModel
from app.settings import ServiceSettings
from core.command import SlipwayGroup, require_free
from core.errors import UnknownTag
from core.ledger import Environment, champion
from core.places import is_on_github

_GUNICORN_CONFIG = Path(__file__).resolve().parent.parent / "gunicorn.conf.py"


@click.group(cls=SlipwayGroup)
def main() -> None:
    """Serve a published model.

    \b
    serve        check the model, then answer requests until stopped
    check        fetch and verify the model, score its golden rows, and say so
    preflight    check the settings alone: is the port free, is MODEL_TAG published
    keys         make keys for callers
    """


@main.command()
def serve() -> None:
    """Serve MODEL_TAG (by default the newest published tag) on HOST:PORT with gunicorn."""
    settings = ServiceSettings.from_env(os.environ)
    _require_ports(settings)
    model = _check(settings)
    tag = model.bundle.manifest.tag
    if champion(settings.ledger.history(Environment.PRODUCTION)) != tag:
        settings.ledger.record(Environment.PRODUCTION, tag, at=datetime.now(UTC), reason="python -m app serve")
    address = f"http://{settings.host}:{settings.port}"
    click.echo(f"Serving on {address}: the console at /, the API at /docs; stop with Ctrl-C", err=True)
    command = [sys.executable, "-m", "gunicorn", "--config", str(_GUNICORN_CONFIG), "app.wsgi:application"]
    # Workers must serve what was checked, even if another tag is published in between.
    os.execve(sys.executable, command, {**os.environ, "MODEL_TAG": str(tag)})  # noqa: S606  # our own interpreter


@main.command()
def check() -> None:
    """Fetch and verify MODEL_TAG (by default the newest published tag) and score its golden rows."""
    _check(ServiceSettings.from_env(os.environ))


@main.command()
def preflight() -> None:
    """Check the settings, and nothing that needs a model: what can be known before a first training should be.

    Says nothing when all is well.
    """
    settings = ServiceSettings.from_env(os.environ)
    _require_ports(settings)
    if is_on_github(settings.registry):
        # It may be away, and what was fetched from it be here.
        return
    tags = settings.registry.tags()
    if settings.model_tag is not None and settings.model_tag not in tags:
        raise UnknownTag(str(settings.model_tag), [str(tag) for tag in tags])


@main.group()
def keys() -> None:
    """Make keys for callers."""


@keys.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice([scope.value for scope in Scope]),
    help="What it may do.",
)
def new(name: str, scopes: tuple[str, ...]) -> None:
    """Make a key called NAME, and show it once.

    To rotate a key, make another of the same name, add it beside the old one, and take the old one out of API_KEYS
    when nobody uses it any more.
    """
    try:
        secret, key = new_key(name, map(Scope, scopes))
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="NAME") from error
    click.echo("The key, for whoever will call the service; it is not shown again:", err=True)
    click.echo(secret)
    click.echo("Add this to API_KEYS, after a comma if there are others:", err=True)
    click.echo(str(key))


def _check(settings: ServiceSettings) -> ServedModel:
    model = ServedModel.load(settings.registry, settings.model_tag)
    count = len(model.bundle.golden().rows)
    click.echo(f"{model.tag}: every file verified, {count} golden rows scored as at training", err=True)
    return model


def _require_ports(settings: ServiceSettings) -> None:
    require_free(settings.host, settings.port)
    if settings.metrics_port is not None:
        require_free(settings.host, settings.metrics_port, "METRICS_PORT")


if __name__ == "__main__":
    main(prog_name="python -m app")
