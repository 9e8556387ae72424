"""An experiment's life: begun, grown, read every day, decided, ended; each step may be taken again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import structs

from core.bundle import Bundle
from core.errors import ExperimentError
from core.experiment import Decision, Experiment, Phase, Reading
from core.experiment_policy import ExperimentPolicy, holdout_loss
from core.manifest import Metric
from core.tags import ModelTag
from deploy.experiments.readout import Readout, Word


def begun(
    running: Experiment | None,
    champion: Bundle,
    challenger: ModelTag,
    *,
    share: float,
    policy: ExperimentPolicy,
    now: datetime,
) -> Experiment:
    """
    An experiment that begins, or the one that runs with a larger share.

    Args:
        running: What the service has now, ended or not.
        champion: What it serves.
        challenger: What is to be tried.
        share: Of the subjects, in (0, 1).
        policy: By which a new one is judged; one that runs keeps its own.
        now: When.

    Raises:
        ExperimentError: if another runs, or the share would shrink.
    """
    serving = champion.manifest.tag
    if challenger == serving:
        raise ExperimentError(f"{challenger} serves already; name another tag")
    if running is None or running.ended is not None:
        loss = _known_loss(policy, champion.manifest.metrics, serving)
        phases = (Phase(share=share, since=now),)
        return Experiment(champion=serving, challenger=challenger, policy=policy, champion_loss=loss, phases=phases)
    if running.challenger != challenger:
        raise ExperimentError(f"{running.challenger} is being tried; python -m deploy experiment stop ends that")
    if running.decided is not None:
        raise ExperimentError(f"it is decided: {running.decided.word}; python -m deploy experiment stop ends it")
    if share < running.share:
        raise ExperimentError(
            f"{running.challenger} has {running.share:.0%} of the subjects and would lose some of them, who would "
            "change models twice; a share only grows"
        )
    if share == running.share:
        return running
    return structs.replace(running, phases=(*running.phases, Phase(share=share, since=now)))


def _known_loss(policy: ExperimentPolicy, metrics: Mapping[str, Metric], tag: ModelTag) -> float:
    loss = holdout_loss(policy.loss, metrics)
    if loss is None:
        raise ExperimentError(
            f"{tag} does not say what it loses on its holdout ({policy.loss}), by which gains are measured"
        )
    return loss


def read(experiment: Experiment, readout: Readout, now: datetime) -> Experiment:
    """An experiment after a look at it; of a day only the last reading is kept, and the first decision stands."""
    reading = Reading(
        at=now,
        word=readout.word,
        value=readout.effect.value if readout.effect else None,
        low=readout.bounds.low if readout.bounds else None,
        high=readout.bounds.high if readout.bounds else None,
    )
    earlier = [each for each in experiment.readings if each.at.date() != now.date()]
    decided = experiment.decided
    if decided is None and readout.word is not Word.RUNNING:
        decided = Decision(at=now, word=readout.word, reason=" ".join(readout.reasons))
    return structs.replace(experiment, readings=(*earlier, reading), decided=decided)


def ended(experiment: Experiment, now: datetime, *, reason: str) -> Experiment:
    """An experiment that is over, decided or not."""
    decided = experiment.decided or Decision(at=now, word="stopped", reason=reason)
    return structs.replace(experiment, decided=decided, ended=experiment.ended or now)
