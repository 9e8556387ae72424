"""`python -m ml track` and `python -m ml report`: how the project stands, for those who look at it in W&B."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from importlib.util import find_spec

import click

from core.errors import Fault, ReportNotSaved, SettingsError
from core.summary import add_summary
from ml.settings import TrackSettings, WandbMode
from ml.wandb_report import build, save, specification
from ml.watching import gather, record


@click.command()
def track() -> None:
    """Record in W&B how the project stands today: champions, the gate's verdicts, drift, and live quality.

    One run a day, of the type `watch`; a second look on the same day goes on with it. What drift found is read from
    DRIFT_DIR, or else asked of the service of SERVICE_URL (SERVICE_KEY of the scope admin); what served from the
    ledger, and how good it is from the registry. Without WANDB_API_KEY the run is kept on disk, as a training's is.
    """
    settings = TrackSettings.from_env(os.environ)
    standing = gather(settings, datetime.now(UTC))
    found = f"drift of {standing.report.made_at:%Y-%m-%d %H:%M} UTC" if standing.report else "no check of drift"
    said = f"{standing.champion or 'Nothing'} serves production; {found}. {record(standing, settings)}"
    click.echo(said)
    add_summary(os.environ, said)


@click.command()
@click.option("--entity", help="Whose project WANDB_PROJECT is  [default: that of the key]")
@click.option("--dry-run", is_flag=True, help="Print what would be saved, as JSON, and ask nobody.")
def report(*, entity: str | None, dry_run: bool) -> None:
    """Save a W&B report that shows what `track` and `train` recorded, in the place of the one saved before.

    It has the champions' history, the gate's verdicts, drift and live quality, and shows what is recorded later by
    itself. It takes WANDB_API_KEY, and the package wandb-workspaces, which `scripts/setup track` installs.
    """
    settings = TrackSettings.from_env(os.environ).wandb
    if find_spec("wandb_workspaces") is None:
        raise ReportNotSaved("wandb-workspaces is not installed here; run scripts/setup track")
    if dry_run:
        click.echo(specification(build(settings.project, entity or "ENTITY")))
        return
    if settings.mode is not WandbMode.ONLINE:
        fault = Fault(place="WANDB_API_KEY", problem="is needed to save a report, and WANDB_MODE online; or --dry-run")
        raise SettingsError("environment", [fault])
    click.echo(f"W&B report: {save(settings, entity)}")
