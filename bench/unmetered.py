"""The service as it is, but for what it counts: nothing."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from app import create_app
from app.arms import Answered
from app.metrics.answers import AnswerMeter
from app.metrics.meters import Meters
from app.metrics.requests import RequestMeter
from app.served_model import ServedModel


class NoRequests(RequestMeter):
    """Counts no requests."""

    def begin(self) -> None:
        """Do nothing."""

    def drop(self) -> None:
        """Do nothing."""

    def end(self, route: str, method: str, status: int, *, seconds: float, rows: int, sent: int) -> None:
        """Do nothing."""


class NoAnswers(AnswerMeter):
    """Counts no answers."""

    def count(self, answered: Answered) -> None:
        """Do nothing."""


def nothing(champion: ServedModel) -> Meters:
    """Meters that stand still."""
    registry = CollectorRegistry()
    answers = NoAnswers(registry, champion.contract, champion.bundle.reference(), tag=champion.tag)
    return Meters(registry=registry, requests=NoRequests(registry), answers=answers)


application = create_app(measure=nothing)
