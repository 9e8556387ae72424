"""A service under judgement: its answers as numbers, whatever it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np

from core.contract import Contract, Row, Target, Task
from core.errors import ServiceError
from core.patience import ATTEMPTS
from core.service import Reply, Service
from deploy.judging.comparison import Numbers, Side

SCOPES: Final = "the scopes predict and admin"
_HEADERS: Final = {"Content-Type": "application/json", "X-Unrecorded": "yes"}
# Small enough for any limit that a service may be given.
_BATCH: Final = 100
_READY: Final = 200
_WRONG_KEY: Final = frozenset({401, 403})


class _Tagged(msgspec.Struct):
    model_tag: str = ""
    tag: str = ""


class Answer(msgspec.Struct, kw_only=True):
    """What a row got; a number that is none is written as null."""

    label: str = ""
    score: float | None = None
    scores: dict[str, float | None] = {}
    value: float | None = None
    model_tag: str = ""


class _Batch(msgspec.Struct):
    predictions: list[Answer | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ready:
    """
    What a service says of itself.

    Attributes:
        tag: That it is ready with; empty if it is not.
        problem: Why not.
    """

    tag: str
    problem: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Single:
    """
    The answer to one row.

    Attributes:
        status: 0 if nothing came.
        tag: Of the model that answered.
        side: Its score.
        took_ms: Until it began.
        problem: What was said if it is no success.
    """

    status: int
    tag: str
    side: Side
    took_ms: float
    problem: str = ""


class Asked:
    """Asks one service for a contract's answers; nothing that it is sent is journalled."""

    def __init__(self, service: Service, contract: Contract) -> None:
        self.service, self._contract = service, contract

    def ready(self) -> Ready:
        """What /readyz says at once."""
        return ready(self.service)

    def tag(self) -> str:
        """The tag of /v1/model, or what was said in its place."""
        try:
            reply = self.service.ask("GET", "/v1/model")
            if reply.status != _READY:
                return f"nothing ({self.problem('/v1/model', reply)})"
            return self.service.read(reply.body, _Tagged).tag
        except ServiceError as error:
            return f"nothing ({error})"

    def one(self, row: Mapping[str, Any], *, attempts: int = ATTEMPTS) -> Single:
        """
        Send one row.

        Args:
            row: As a caller would.
            attempts: At most so often.
        """
        try:
            reply = self._post("/v1/predict", row, attempts=attempts)
            answer = self.service.read(reply.body, Answer) if reply.is_good else None
        except ServiceError as error:
            return Single(status=0, tag="", side=self._side([None]), took_ms=0.0, problem=str(error))
        return Single(
            status=reply.status,
            tag=answer.model_tag if answer else "",
            side=self._side([answer]),
            took_ms=reply.took_s * 1000,
            problem="" if answer else self.problem("/v1/predict", reply),
        )

    def many(self, rows: Sequence[Row]) -> tuple[Side, str]:
        """
        Send rows in batches.

        Returns:
            Their answers, and what was said first of those that were not answered.
        """
        answers: list[Answer | None] = []
        problems: list[str] = []
        for start in range(0, len(rows), _BATCH):
            part = rows[start : start + _BATCH]
            found, problem = self._batch(part)
            answers += found
            if problem:
                problems.append(problem)
        return self._side(answers), problems[0] if problems else ""

    def _batch(self, rows: Sequence[Row]) -> tuple[Sequence[Answer | None], str]:
        path = "/v1/predict/batch"
        nothing: list[Answer | None] = [None] * len(rows)
        try:
            reply = self._post(f"{path}?on_error=skip", {"rows": rows})
            if not reply.is_good:
                return nothing, self.problem(path, reply)
            found = self.service.read(reply.body, _Batch).predictions
        except ServiceError as error:
            return nothing, str(error)
        if len(found) != len(rows):
            return nothing, f"{len(found)} answers to {len(rows)} rows"
        return found, "rows refused" if None in found else ""

    def _post(self, path: str, body: Any, *, attempts: int = ATTEMPTS) -> Reply:
        return self.service.ask("POST", path, data=msgspec.json.encode(body), headers=dict(_HEADERS), attempts=attempts)

    def problem(self, path: str, reply: Reply) -> str:
        """Why a reply is no success, in a sentence."""
        if reply.status in _WRONG_KEY:
            return f"refuses the key of SERVICE_KEY ({reply.status}: {self.service.said(reply)}); it needs {SCOPES}"
        return f"{path} is answered {reply.status}: {self.service.said(reply)}"

    def _side(self, answers: Sequence[Answer | None]) -> Side:
        return Side(
            scores=scores_of(answers, self._contract.target),
            labels=tuple(answer.label if answer else "" for answer in answers),
            was_answered=np.array([answer is not None for answer in answers], dtype=np.bool_),
        )


def require_key(service: Service) -> None:
    """See `Judge.require_key`; no row is sent, so that it costs the service nothing."""
    path = "/v1/predict/batch"
    try:
        reply = service.ask("POST", path, data=b'{"rows": []}', headers=dict(_HEADERS), attempts=1)
    except ServiceError:
        return
    if reply.status in _WRONG_KEY:
        raise service.refusal(path, reply)


def ready(service: Service) -> Ready:
    """What /readyz says, asked once."""
    try:
        reply = service.ask("GET", "/readyz", attempts=1)
        if reply.status != _READY:
            return Ready(tag="", problem=f"/readyz is answered {reply.status}: {service.said(reply)}")
        return Ready(tag=service.read(reply.body, _Tagged).model_tag or "no tag")
    except ServiceError as error:
        return Ready(tag="", problem=str(error))


def scores_of(answers: Sequence[Answer | None], target: Target) -> Numbers:
    """The scores of answers, shape (n, score columns); NaN where there is none."""
    found = [[np.nan] * target.score_width if answer is None else _numbers(answer, target) for answer in answers]
    return np.array(found, dtype=np.float64).reshape(len(answers), target.score_width)


def _numbers(answer: Answer, target: Target) -> list[float]:
    if target.task is Task.MULTICLASS:
        found = [answer.scores.get(name) for name in target.classes]
    else:
        found = [answer.value if target.task is Task.REGRESSION else answer.score]
    return [np.nan if each is None else each for each in found]
