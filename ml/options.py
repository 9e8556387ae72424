"""Options that several commands of training have."""

from __future__ import annotations

from pathlib import Path

import click

DAY = click.DateTime(["%Y-%m-%d"])
MODEL_FILE = click.option(
    "--model-file",
    type=click.Path(path_type=Path),
    default=Path("model.toml"),
    show_default=True,
    help="The problem: data, target, features.",
)
AS_OF = click.option(
    "--as-of",
    type=DAY,
    help="Use only what was known on the morning of this day (YYYY-MM-DD); needs a time column.",
)
