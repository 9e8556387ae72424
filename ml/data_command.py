"""`python -m ml data`: what model.toml's data are now, and whether the newest model was made from them."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from core.command import columns, printable
from ml.options import AS_OF, MODEL_FILE
from ml.settings import TrainingSettings

if TYPE_CHECKING:
    from core.manifest import Manifest
    from ml.columns import RawTable

# Neither 0, nor that of an error (1) or of a wrong option (2).
_SOMETHING_NEW = 3
_SHOWN_FILES = 20
_BATCH_ROWS = 100_000


@click.command()
@MODEL_FILE
@AS_OF
@click.option(
    "--check",
    is_flag=True,
    help=f"End with status {_SOMETHING_NEW} if there is something new to train on.",
)
def data(*, model_file: Path, as_of: datetime | None, check: bool) -> None:
    """Show what the data of model.toml are now, and whether the newest published model was made from them.

    Every file that dataset.path names with its size, then rows, columns and the SHA-256 by which a training with
    --if-new knows them again. A URL is downloaded, unless its server says that the copy in DATA_DIR is still the
    newest; DATASET_TOKEN is sent to the URL's own host. Nothing is trained, published or checked against the contract.

    The status is 0 whether there is something new or not. With --check it is 3 where there is, for a script of yours:

    \b
    .venv/bin/python -m ml data --check || scripts/train
    """
    from ml.datasets.download import Downloads
    from ml.lineage import changes_since
    from ml.problem import read_problem
    from ml.progress import Progress

    progress = Progress()
    settings = TrainingSettings.from_env(os.environ, progress.transferred)
    problem = read_problem(model_file, Downloads.from_env(os.environ, progress.transferred).fetch)
    day = settings.as_of if as_of is None else as_of.date()
    with progress.step("Reading the data"):
        raw = problem.read(day)
    tags = settings.registry.tags()
    newest = settings.registry.manifest(tags[-1]) if tags else None
    changes = () if newest is None else changes_since(newest, problem, raw.sha256, day)
    click.echo(_describe(raw))
    click.echo(_judge(newest, changes))
    if check and (newest is None or changes):
        sys.exit(_SOMETHING_NEW)


def _describe(raw: RawTable) -> str:
    rows = sum(batch.height for batch in raw.batches(_BATCH_ROWS))
    sizes = [path.stat().st_size for path in raw.paths]
    shown = list(zip(raw.paths, sizes, strict=True))[:_SHOWN_FILES]
    lines = [printable(raw.source)]
    if shown:
        lines.append(columns(("file", "bytes"), [(printable(str(path)), f"{size:,}") for path, size in shown]))
    if len(sizes) > len(shown):
        lines.append(f"... and {len(sizes) - len(shown):,} more")
    total = f", {sum(sizes):,} bytes" if len(sizes) > 1 else ""
    lines.append(f"{rows:,} rows, {len(raw.columns):,} columns{total}")
    return "\n".join([*lines, f"SHA-256 {raw.sha256}"])


def _judge(newest: Manifest | None, changes: tuple[str, ...]) -> str:
    if newest is None:
        return "No model is published yet: scripts/train makes the first."
    if not changes:
        return f"{newest.tag} was made from the same data and settings."
    return f"Since {newest.tag} {' and '.join(changes)} changed: scripts/train makes a model of them."
