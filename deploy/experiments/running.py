"""The daily look at an experiment: read, kept, told in its issue, and carried out where that is wanted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core.contract import Target
from core.errors import ExperimentError, GitHubError
from core.experiment import Experiment
from core.experiment_policy import OnDecision
from core.github.actions import Workflows
from core.github.client import GitHub
from core.github.issues import Inbox
from core.tags import ModelTag
from deploy.experiments.gathering import Gatherer
from deploy.experiments.life import ended, read
from deploy.experiments.notice import alert_of, key_of
from deploy.experiments.readout import Evidence, Readout, Word, judge
from deploy.experiments.service import ExperimentService

DEPLOY_WORKFLOW: Final = "deploy.yml"
Tell = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """
    Where an experiment is told of, and what is done about it.

    Attributes:
        service: That the experiment is in.
        github: The repository of the issue; None for none.
        ref: The branch whose version of the deployment's workflow runs.
        tell: Is told what is done, a line each.
    """

    service: ExperimentService
    github: GitHub | None
    ref: str
    tell: Tell


@dataclass(frozen=True, kw_only=True, slots=True)
class Looked:
    """
    What a look at an experiment found.

    Attributes:
        experiment: With its newest reading.
        readout: How it stands by the rows.
        evidence: By which.
        nameless: Rows that belonged to no experiment, as nobody said whom they were about.
    """

    experiment: Experiment
    readout: Readout
    evidence: Evidence
    nameless: int


def look(service: ExperimentService, experiment: Experiment, target: Target, now: datetime) -> Looked:
    """
    Read every row since an experiment began, judge, and let the service keep what was read.

    Raises:
        ServiceError: if the service cannot be asked.
        ExperimentError: if somebody changed or ended it meanwhile, which must not be undone.
    """
    gatherer = Gatherer(experiment, target)
    gatherer.add(service.lines(experiment))
    evidence = gatherer.evidence(now)
    readout = judge(evidence, experiment.policy, champion_loss=experiment.champion_loss)
    if service.look()[1] != experiment:
        raise ExperimentError(f"{service.name}: the experiment was changed while it was looked at; look again")
    kept = service.keep(read(experiment, readout, now))
    return Looked(experiment=kept, readout=readout, evidence=evidence, nameless=gatherer.nameless)


def follow(desk: Desk, looked: Looked, now: datetime) -> Experiment:
    """
    Tell of a look in the experiment's issue, and carry a decision out if the policy says so.

    Every step may be taken again: whoever was killed in between does no harm by beginning anew.

    Raises:
        ServiceError: if the service does not take the end.
        GitHubError: if the issue or the deployment was refused.
    """
    experiment, acts = looked.experiment, looked.experiment.policy.on_decision is OnDecision.ACT
    if desk.github is not None:
        raised = Inbox(desk.github).raise_alert(alert_of(experiment, looked.readout, looked.evidence, acts=acts))
        desk.tell(f"Issue {raised.done}: {raised.issue.html_url}")
    if experiment.decided is None or not acts:
        return experiment
    if experiment.decided.word == Word.CHALLENGER:
        _promote(desk, experiment)
        return experiment
    return close(desk, experiment, now)


def _promote(desk: Desk, experiment: Experiment) -> None:
    if desk.github is None:
        desk.tell(f"Now deploy it: python -m deploy up {experiment.challenger}")
        return
    reason = f"better than {experiment.champion} in an experiment since {experiment.began:%Y-%m-%d}"
    inputs = {"tag": str(experiment.challenger), "reason": reason}
    page = Workflows(desk.github).dispatch(DEPLOY_WORKFLOW, ref=desk.ref, inputs=inputs)
    desk.tell(f"Started {DEPLOY_WORKFLOW} for {experiment.challenger}; the next look ends the experiment: {page}")


def over_because(serving: ModelTag, experiment: Experiment) -> str | None:
    """Why an experiment is over, seen from what serves; None if it is not."""
    if serving == experiment.champion:
        return None
    if serving == experiment.challenger:
        return f"{experiment.challenger} was deployed."
    return f"{serving} was deployed, which is neither of the two."


def close(desk: Desk, experiment: Experiment, now: datetime, *, reason: str = "") -> Experiment:
    """
    Let the champion answer all again, and close the issue.

    Args:
        desk: Where.
        experiment: That is over.
        now: When.
        reason: Why, if it was not decided.

    Raises:
        ServiceError: if the service does not take it.
    """
    kept = desk.service.keep(ended(experiment, now, reason=reason))
    said = f"{kept.decided.word}: {kept.decided.reason}" if kept.decided else ""
    if desk.github is not None:
        try:
            Inbox(desk.github).settle(key_of(kept), f"It is over. {reason or said}".strip())
        except GitHubError as error:
            desk.tell(f"warning: the issue could not be closed: {error}")
    return kept
