"""Weights & Biases runs: online with a key, else in files that `wandb sync` can send later."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from core.bundle import Bundle
from core.command import this_python
from ml.settings import WandbMode, WandbSettings

_INIT_TIMEOUT_S: Final = 15
_FINISH_TIMEOUT_S: Final = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Notes:
    """
    What a run holds.

    Attributes:
        run_id: Of the run in its project.
        name: That people read.
        job_type: What kind of run it is, such as `train`.
        config: What it was made with.
        figures: By name.
        tables: Columns and rows, by name.
        bundle: Is logged as an artifact.
        may_exist: Whether a run of this id goes on, instead of being refused.
    """

    run_id: str
    name: str
    job_type: str
    config: Mapping[str, Any]
    figures: Mapping[str, float | bool]
    tables: Mapping[str, tuple[Sequence[str], Sequence[Sequence[Any]]]] = field(default_factory=dict)
    bundle: Bundle | None = None
    may_exist: bool = False


def send(notes: Notes, settings: WandbSettings) -> str:
    """
    Record a run.

    When the service does not answer, the run is kept on disk instead; no failure is ever raised, for what was done
    must not be lost because nobody could take notes.

    Returns:
        One sentence on where the run is.
    """
    if settings.mode is WandbMode.DISABLED:
        return "No W&B run was recorded: WANDB_MODE is disabled."
    problem = ""
    if settings.mode is WandbMode.ONLINE:
        try:
            url = _record(notes, settings, mode="online", api_key=settings.api_key)
        except Exception as error:  # noqa: BLE001  # the SDK raises classes of many modules
            problem = f"W&B did not take the run ({_first_line(error)}). "
        else:
            return f"W&B run: {url}"
    try:
        folder = _record(notes, settings, mode="offline", api_key=None)
    except ModuleNotFoundError as error:
        return f"No W&B run was recorded: {error.name} is not installed here; scripts/setup track installs it."
    except Exception as error:  # noqa: BLE001  # the same, and a full disk
        return f"{problem}No W&B run was recorded ({_first_line(error)})."
    command = f"{Path(this_python()).with_name('wandb')} sync {folder}"
    hint = f"send it with `{command}`" if settings.api_key else "set WANDB_API_KEY to send runs as they happen"
    return f"{problem}W&B run {notes.run_id} is in {folder}; {hint}"


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _record(notes: Notes, settings: WandbSettings, *, mode: Literal["online", "offline"], api_key: str | None) -> str:
    import wandb  # noqa: PLC0415  # importing it takes a second, which commands that record nothing should not pay

    settings.folder.mkdir(parents=True, exist_ok=True)
    quiet = wandb.Settings(
        console="off",
        silent=True,
        api_key=api_key,
        init_timeout=_INIT_TIMEOUT_S,
        finish_timeout=_FINISH_TIMEOUT_S,
        finish_timeout_raises=True,
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            run = wandb.init(
                project=settings.project,
                id=notes.run_id,
                name=notes.name,
                job_type=notes.job_type,
                mode=mode,
                dir=str(settings.folder),
                config=dict(notes.config),
                resume="allow" if notes.may_exist else None,
                settings=quiet,
            )
            tables = {
                name: wandb.Table(list(columns), [list(row) for row in rows])
                for name, (columns, rows) in notes.tables.items()
            }
            run.log({**notes.figures, **tables})
            if notes.bundle is not None:
                tag = str(notes.bundle.manifest.tag)
                artifact = wandb.Artifact(f"bundle-{tag}", type="model", metadata={"tag": tag})
                artifact.add_dir(str(notes.bundle.directory))
                run.log_artifact(artifact)
            run.finish()
    except Exception:
        # Otherwise the SDK keeps the run's id for itself, and a second try with it fails.
        wandb.teardown()
        raise
    # Asked of an offline run, the SDK warns that there is no such page.
    return str(run.url) if mode == "online" else os.path.relpath(run.settings.sync_dir)
