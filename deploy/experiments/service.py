"""The experiment of a running service: asked for, changed, and the rows that it is judged by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from core.documents import from_json, to_json
from core.errors import ManifestError, ServiceError
from core.experiment import Experiment
from core.service import JOURNAL, Service
from core.tags import ModelTag
from deploy.experiments.gathering import Line

_PATH: Final = "/v1/experiment"
# Requests a page.
_PAGE: Final = 10_000


class _State(msgspec.Struct, kw_only=True):
    experiment: msgspec.Raw
    model_tag: str
    challenger: str | None
    share: float
    problem: str


class ExperimentService:
    """One service, as those see it who care for its experiment."""

    def __init__(self, url: str, key: str) -> None:
        """
        Args:
            url: What the service's routes begin with; https, or http on this machine.
            key: With the scope admin; empty for a service without keys.

        Raises:
            ValueError: saying what would be right.
        """
        self._service = Service(url, key)
        self.name = self._service.name

    def look(self) -> tuple[ModelTag, Experiment | None]:
        """
        The champion that serves, and the experiment that was kept last, ended or not; None if there was none.

        Raises:
            ServiceError: if it cannot be asked.
        """
        return self._read(self._service.call("GET", _PATH).body)

    def keep(self, experiment: Experiment) -> Experiment:
        """
        Let the service go by this.

        Raises:
            ServiceError: if it does not take it.
        """
        content: dict[str, Any] = {"data": to_json(experiment), "headers": {"Content-Type": "application/json"}}
        _, kept = self._read(self._service.call("PUT", _PATH, **content).body)
        if kept is None:
            raise ServiceError(f"{self.name}: did not keep the experiment")
        return kept

    def lines(self, experiment: Experiment) -> Iterator[Line]:
        """
        The rows since an experiment began, with their outcomes, in the order in which they were answered.

        Raises:
            ServiceError: if they cannot be read.
        """
        query = {
            "since": experiment.began.isoformat(),
            "outcomes": "true",
            "inputs": ",".join(experiment.policy.segments),
        }
        return self._service.lines(JOURNAL, query, Line, page=_PAGE)

    def _read(self, body: bytes) -> tuple[ModelTag, Experiment | None]:
        state = self._service.read(body, _State)
        try:
            experiment = from_json(bytes(state.experiment), Experiment | None, source=self.name)  # type: ignore[arg-type]  # a union is no type to mypy
            return ModelTag.parse(state.model_tag), experiment
        except (ManifestError, ValueError) as error:
            raise ServiceError(f"{self.name}: its experiment cannot be read ({error})") from error
