"""`python -m doubles.github`: the double as a process of its own."""

from __future__ import annotations

import json
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from threading import Event

import click

from doubles.github.double import GitHub


@click.command()
@click.option("--port", default=0, help="The API's port; pages, uploads and assets take the three above it.")
@click.option("--state", type=click.Path(path_type=Path, file_okay=False), required=True, help="Where state is kept.")
@click.option("--repository", "repositories", multiple=True, help="OWNER/NAME, made if there is none.")
def main(port: int, state: Path, repositories: tuple[str, ...]) -> None:
    """Serve until a SIGTERM comes; the first line that is printed tells the addresses."""
    stopped = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    with GitHub(state, port=port) as github:
        for full_name in repositories:
            if full_name.lower() not in github.state.repositories:
                github.add_repository(full_name)
        sys.stdout.write(json.dumps(asdict(github.world.addresses)) + "\n")
        sys.stdout.flush()
        stopped.wait()


if __name__ == "__main__":
    main()
