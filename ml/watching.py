"""Gathers how a project stands, and records it as one W&B run a day."""

from __future__ import annotations

from datetime import UTC, datetime, time
from pathlib import Path
from typing import Final

from core.bundle import read_manifest
from core.documents import from_json
from core.drift import DriftReport
from core.errors import SlipwayError
from core.ledger import Environment
from core.manifest import Manifest
from core.service import Service
from ml.settings import TrackSettings
from ml.standing import Standing, config_of, figures_of, run_id, tables_of
from ml.wandb_run import Notes, send

REPORT_FILE: Final = "drift.json"
_PATH: Final = "/v1/drift"
# The only one that there is so far.
_LINE: Final = "model"
_NOTHING_YET: Final = 404
# Of so many models the manifests are read, the newest ones: each is a call of GitHub's API.
_MOST_MODELS: Final = 50


def gather(settings: TrackSettings, now: datetime) -> Standing:
    """
    What is known now.

    Raises:
        RegistryError, LedgerError: if what is published or what served cannot be read.
        ServiceError: if the service cannot be asked for the report.
        ManifestError: if a report is none.
    """
    if settings.as_of is not None:
        now = datetime.combine(settings.as_of, time.min, UTC)
    return Standing(
        day=now.date(),
        now=now,
        history=settings.ledger.history(Environment.PRODUCTION),
        manifests=[settings.registry.manifest(tag) for tag in settings.registry.tags()[-_MOST_MODELS:]],
        refused=_refused(settings.candidate),
        report=_report(settings),
    )


def record(standing: Standing, settings: TrackSettings) -> str:
    """Record it under the day's run, which goes on if there is one; says where the run is."""
    notes = Notes(
        run_id=run_id(standing.report.line if standing.report else _LINE, standing.day),
        name=f"watch {standing.day}",
        job_type="watch",
        config=config_of(standing),
        figures=figures_of(standing),
        tables=tables_of(standing),
        may_exist=True,
    )
    return send(notes, settings.wandb)


def _report(settings: TrackSettings) -> DriftReport | None:
    """The one that a check left in DRIFT_DIR, else the one that the service keeps."""
    file = settings.drift_dir / REPORT_FILE
    if file.is_file():
        return from_json(file.read_bytes(), DriftReport, source=str(file))
    if not settings.service_url:
        return None
    service = Service(settings.service_url, settings.service_key)
    reply = service.ask("GET", _PATH)
    if reply.status == _NOTHING_YET:
        return None
    if not reply.is_good:
        raise service.refusal(_PATH, reply)
    return from_json(reply.body, DriftReport, source=service.name + _PATH)


def _refused(candidate: Path) -> Manifest | None:
    """Of a candidate that waits here, if the gate refused it; one that cannot be read is somebody else's trouble."""
    try:
        manifest, _ = read_manifest(candidate / "bundle")
    except (SlipwayError, OSError):
        return None
    return None if manifest.gate.accepted else manifest
