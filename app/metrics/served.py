"""What serves: the code, the models, since when these were trained and how long they took to load."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator
from typing import Final

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.arms import Arms
from app.served_model import ServedModel
from app.shadow import Shadow
from core.experiment import Arm
from core.version import VERSION

SHADOW: Final = "shadow"
_LABELS: Final = ("model_tag", "arm")


class ServedCollector(Collector):
    """Shows the models of the process that is asked; all processes of a server have the same."""

    def __init__(self, arms: Arms, shadow: Shadow | None, *, revision: str) -> None:
        """
        Args:
            arms: Those who answer.
            shadow: The one that does not.
            revision: The commit of the code; empty if it is not known.
        """
        self._arms, self._shadow, self._revision = arms, shadow, revision

    def describe(self) -> Iterable[Metric]:
        """What it can show, before it does."""
        return [build_info(self._revision), *_families()]

    def collect(self) -> Iterable[Metric]:
        """What it shows now."""
        info, trained, load = _families()
        for arm, model in self._models():
            by = [model.tag, arm]
            info.add_metric(by, 1)
            trained.add_metric(by, model.bundle.manifest.created_at.timestamp())
            load.add_metric(by, model.load_s)
        return [build_info(self._revision), info, trained, load]

    def _models(self) -> Iterator[tuple[str, ServedModel]]:
        challenger = self._arms.challenger
        yield Arm.CHAMPION, self._arms.champion
        if challenger is not None:
            yield Arm.CHALLENGER, challenger.model
        if self._shadow is not None:
            yield SHADOW, self._shadow.model


def build_info(revision: str) -> GaugeMetricFamily:
    """What the code is."""
    info = GaugeMetricFamily("slipway_build_info", "The code that runs.", labels=["version", "revision", "python"])
    info.add_metric([VERSION, revision, platform.python_version()], 1)
    return info


def _families() -> tuple[GaugeMetricFamily, GaugeMetricFamily, GaugeMetricFamily]:
    texts = (
        ("slipway_model_info", "The models that answer, and the one that only looks on."),
        ("slipway_model_trained_timestamp_seconds", "When a model was trained, in seconds since 1970."),
        ("slipway_model_load_seconds", "Time that it took to fetch, verify and try a model."),
    )
    info, trained, load = (GaugeMetricFamily(name, text, labels=_LABELS) for name, text in texts)
    return info, trained, load
