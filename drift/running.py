"""A check from beginning to end: what was remembered, what is found, what is kept, written and told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path

from core.documents import from_json, to_json_line
from core.drift import MEMORY_NAME, REPORT_FORMAT, REPORT_NAME, DriftReport
from core.drift_policy import DriftPolicy, Retrain
from core.errors import ManifestError, SourceError
from core.github.client import GitHub
from core.github.issues import Inbox
from drift.alerts.conditions import Condition
from drift.alerts.inbox import Alerts
from drift.alerts.retraining import Retraining
from drift.check import Check, Progress
from drift.memory import Memory, read_memory, refuse_newer, write_memory
from drift.models import Models
from drift.report.markdown import issue_body, issue_title
from drift.report.written import write_report
from drift.rows import Source
from drift.settings import DriftSettings


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """
    A check that was made.

    Attributes:
        report: What was found.
        conditions: How each kind of trouble stands.
        page: Where the report lies.
        keep: Keeps what the next check needs beside the rows; to be called once it was told what was found.
    """

    report: DriftReport
    conditions: Sequence[Condition]
    page: Path
    keep: Callable[[], None]


def run_check(
    source: Source,
    settings: DriftSettings,
    policy: DriftPolicy,
    *,
    now: datetime,
    forgets: bool,
    progress: Progress,
) -> Checked:
    """
    Check, and write the report.

    Args:
        source: Of the rows.
        settings: Name the registry and the folder of the report.
        policy: What model.toml says.
        now: When the check believes it is, UTC.
        forgets: Whether to begin as if there had been no check before.
        progress: Is told of each day that is read.

    Raises:
        SourceError: if rows cannot be read, or what was found not be kept.
        OSError: if the report cannot be written.
    """
    memory = Memory() if forgets else read_memory(source.recall(MEMORY_NAME), source.name)

    def keep(report: DriftReport) -> None:
        source.keep({REPORT_NAME: to_json_line(report), MEMORY_NAME: write_memory(memory)})

    check = Check(
        source=source,
        models=Models(registry=settings.registry),
        memory=memory,
        policy=policy,
        now=now,
        before=None if forgets else kept_report(source),
        progress=progress,
        checkpoint=keep,
    )
    report = check.run()
    page = write_report(report, settings.folder)
    return Checked(report=report, conditions=check.conditions(), page=page, keep=partial(keep, report))


def kept_report(source: Source) -> DriftReport | None:
    """
    What the last check found; None if there was none.

    Raises:
        SourceError: if it cannot be read.
    """
    content = source.recall(REPORT_NAME)
    if content is None:
        return None
    refuse_newer(content, REPORT_FORMAT, f"{source.name}: the last report")
    try:
        return from_json(content, DriftReport, source="the report")
    except ManifestError as error:
        raise SourceError(f"{source.name}: the last report cannot be read ({error}); check with --forget") from error


def tell(
    checked: Checked, github: GitHub, policy: DriftPolicy, environment: Mapping[str, str], *, as_of: date | None = None
) -> Iterator[str]:
    """
    Let the issues say how things stand, and yield what was done, in sentences.

    Args:
        checked: What is told of.
        github: The repository.
        policy: Says whether what is critical starts a training.
        environment: Of Actions, which names the branch.
        as_of: The day that stands for today, for a training too; None for today.

    Raises:
        GitHubError: if an issue cannot be read or written.
    """
    is_wanted = policy.retrain is Retrain.CRITICAL
    retraining = Retraining.at(github, environment, as_of=f"{as_of or ''}") if is_wanted else None
    alerts = Alerts(Inbox(github), retraining)
    for condition in checked.conditions:
        told = alerts.tell(condition, title=issue_title(condition), body=issue_body(checked.report, condition))
        yield told.sentence
        yield from told.notes
