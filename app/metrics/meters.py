"""What one process counts."""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from app.metrics.answers import AnswerMeter
from app.metrics.requests import RequestMeter
from app.served_model import ServedModel


@dataclass(frozen=True, kw_only=True, slots=True)
class Meters:
    """
    The meters of a process.

    Attributes:
        registry: What they are read from.
        requests: Counts what comes.
        answers: Counts what is answered.
    """

    registry: CollectorRegistry
    requests: RequestMeter
    answers: AnswerMeter

    @classmethod
    def of(cls, champion: ServedModel) -> Meters:
        """
        Meters that begin at nothing, or where a process that had this number before has ended.

        Raises:
            CorruptArtifact: if the champion's reference was damaged.
        """
        registry = CollectorRegistry()
        return cls(
            registry=registry,
            requests=RequestMeter(registry),
            answers=AnswerMeter(registry, champion.contract, champion.bundle.reference(), tag=champion.tag),
        )
