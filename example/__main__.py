"""The command line of the example: `python -m example show | remove`; `scripts/adopt --remove-example` calls it."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from core.command import SlipwayGroup
from example.removal import Removal, plan_removal, remove_example

_FOLDERS = ("demo/", "example/", "tests/example/")


@click.group(cls=SlipwayGroup)
def main() -> None:
    """What belongs to the shipped example, and its removal.

    Once model.toml names a table of yours, nothing needs the example: its folders are deleted, what documents and
    settings say of it is cut, and README.md shows the request for your own columns.
    """


@main.command()
def show() -> None:
    """Say what would be removed; nothing is changed."""
    click.echo(_described(plan_removal(Path.cwd())))


@main.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove(*, yes: bool) -> None:
    """Remove it, after asking; what was committed before, git brings back."""
    removal = plan_removal(Path.cwd())
    click.echo(_described(removal))
    if not yes and not sys.stdin.isatty():
        raise click.UsageError("nobody can be asked here; add --yes")
    if not yes:
        click.confirm("Remove it?", abort=True)
    remove_example(removal)
    click.echo(_done(removal))


def _described(removal: Removal) -> str:
    counts = {folder: sum(path.startswith(folder) for path in removal.deleted) for folder in _FOLDERS}
    single = [path for path in removal.deleted if not path.startswith(_FOLDERS)]
    return "\n".join(
        [
            "Belongs to the example, and is deleted:",
            *(f"  {folder} ({count} files)" for folder, count in counts.items()),
            *(f"  {path}" for path in single),
            "Speaks of it, and is cut:",
            *(f"  {path}" for path in removal.changed),
            f"Required by nothing else: {', '.join(removal.unrequired) or 'no package'}",
        ]
    )


def _done(removal: Removal) -> str:
    readme = (
        "README.md shows the request for your own columns."
        if removal.shows_request
        else "README.md had no place for the request for your own columns; /docs of the service shows it."
    )
    return (
        f"Removed {len(removal.deleted)} files, changed {len(removal.changed)}. {readme}\n"
        "Next: git diff, scripts/check, git add --all && git commit; git restore FILE brings a file back."
    )


if __name__ == "__main__":
    main(prog_name="python -m example")
