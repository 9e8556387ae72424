"""The command line of the watch: `python -m watch receive`."""

from __future__ import annotations

import os
import sys

try:
    import click
except ModuleNotFoundError:
    sys.exit("error: this Python lacks what this needs; run scripts/setup serve, then .venv/bin/python -m watch")

from core.command import SlipwayGroup
from watch.settings import ReceiverSettings


@click.group(cls=SlipwayGroup)
def main() -> None:
    """Tell in GitHub's issues what is wrong with a running service.

    \b
    receive   take Alertmanager's messages: one issue for each alert
    """


@main.command()
def receive() -> None:
    """Take Alertmanager's messages on WATCH_HOST:WATCH_PORT until told to stop.

    An alert's issue is opened when it is true, rewritten when that changes, and closed with a comment once it is over.
    While GitHub is away Alertmanager is told to send again. Without a repository the log tells.
    """
    settings = ReceiverSettings.from_env(os.environ)
    from watch.serving import Receiver  # noqa: PLC0415  # whoever only looks needs no server

    click.echo(f"Receiving on http://{settings.host}:{settings.port}/alerts; stop with Ctrl-C", err=True)
    Receiver(settings).run()


if __name__ == "__main__":
    main(prog_name="python -m watch")
