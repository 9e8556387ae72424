"""A running service as its callers see it: rows go in and answers come out, outcomes go in."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
import requests
from requests.adapters import HTTPAdapter

from core.bearer import Bearer
from core.contract import Row, Target, Task
from core.errors import NoService, ServiceRefused

T = TypeVar("T")
Value = str | float

_TIMEOUT_S = 30.0
# A request that is told to come again is sent again for so long.
_PATIENCE_S = 30.0
_COME_AGAIN = frozenset({429, 503})
_WRONG_KEY = frozenset({401, 403})


class _Said(msgspec.Struct):
    id: str
    warnings: list[dict[str, Any]]
    label: str | None = None
    value: float | None = None


class _SaidOfBatch(msgspec.Struct):
    predictions: list[_Said]


class _Fault(msgspec.Struct):
    problem: str
    row: int | None = None
    field: str | None = None


class _Problem(msgspec.Struct):
    detail: str
    errors: list[_Fault] = []


class Receipt(msgspec.Struct, frozen=True):
    """What became of a report: outcomes that were new and are kept; those whose ids the journal does not know."""

    accepted: int
    unknown_count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What the service said of a row: the id of the answer, a class or a number, and whether it came with warnings."""

    id: str
    value: Value
    is_warned: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class _Accepted:
    """The body of a response of status 200; when its request went out and how long it took, in seconds."""

    body: bytes
    sent_at: float
    latency_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """
    A request that was answered.

    Attributes:
        answers: One for each of its rows.
        sent_at: When it went out for the last time, in seconds of the monotonic clock.
        latency_s: From then to the answer.
    """

    answers: tuple[Answer, ...]
    sent_at: float
    latency_s: float


class Service:
    """Asks a service, from several threads if need be. What it is too busy for is sent again for half a minute."""

    def __init__(self, url: str, key: str, target: Target, *, connections: int) -> None:
        """
        Args:
            url: What its routes begin with.
            key: Of the caller; empty for none.
            target: What its answers are about.
            connections: How many stay open.
        """
        self.url = url.rstrip("/")
        self._target = target
        self._session = requests.Session()
        # Without one of ours, requests would look for a password in ~/.netrc.
        self._session.auth = Bearer(key)
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(pool_maxsize=connections))

    def predict(self, rows: Sequence[Row], first: int, *, is_batch: bool, stop: threading.Event) -> Answered | None:
        """
        Score rows.

        Args:
            rows: Their features; one row, if this is no batch.
            first: What a refusal calls the first of them.
            is_batch: Whether to ask for a batch.
            stop: Ends the waiting for a service that is busy.

        Returns:
            The answers; None if it was stopped before they came.

        Raises:
            NoService: if nothing answers there, or not of this target.
            ServiceRefused: if it takes not what is sent, or is busy for too long.
        """
        what = f"row {first}" if len(rows) == 1 else f"rows {first} to {first + len(rows) - 1}"
        path, body = ("/v1/predict/batch", {"rows": rows}) if is_batch else ("/v1/predict", rows[0])
        accepted = self._post(path, body, what, stop, first)
        if accepted is None:
            return None
        said = self._read(accepted, _SaidOfBatch).predictions if is_batch else [self._read(accepted, _Said)]
        if len(said) != len(rows):
            raise NoService(self.url, f"gives {len(said)} answers to {len(rows)} rows")
        return Answered(answers=tuple(map(self._answer, said)), sent_at=accepted.sent_at, latency_s=accepted.latency_s)

    def report(self, outcomes: Sequence[tuple[str, Value]], *, stop: threading.Event) -> Receipt | None:
        """
        Report what turned out to be true.

        Args:
            outcomes: The ids of answers, each with a class or a number.
            stop: Ends the waiting for a service that is busy.

        Returns:
            None if it was stopped before they were taken.

        Raises:
            NoService, ServiceRefused: as `predict` does.
        """
        body = {"outcomes": [{"id": answer, "outcome": value} for answer, value in outcomes]}
        accepted = self._post("/v1/outcomes", body, f"{len(outcomes)} outcomes", stop)
        return None if accepted is None else self._read(accepted, Receipt)

    def _post(
        self, path: str, body: Any, what: str, stop: threading.Event, first: int | None = None
    ) -> _Accepted | None:
        patience_ends = time.monotonic() + _PATIENCE_S
        while not stop.is_set():
            sent_at = time.monotonic()
            response = self._send(path, body)
            now = time.monotonic()
            if response.status_code == requests.codes.ok:
                return _Accepted(body=response.content, sent_at=sent_at, latency_s=now - sent_at)
            pause_s = _pause_s(response)
            if pause_s is None or now + pause_s > patience_ends:
                raise _refusal(response, what, first)
            stop.wait(pause_s)
        return None

    def _send(self, path: str, body: Any) -> requests.Response:
        try:
            return self._session.post(self.url + path, json=body, timeout=_TIMEOUT_S, allow_redirects=False)
        except requests.Timeout as error:
            raise NoService(self.url, f"does not answer within {_TIMEOUT_S:g} s") from error
        except requests.ConnectionError as error:
            raise NoService(self.url, "nothing answers there") from error
        except (requests.RequestException, ValueError) as error:
            # Of some host names urllib3 complains itself, by a ValueError.
            raise NoService(self.url, f"cannot be asked ({error})") from error

    def _read(self, accepted: _Accepted, wanted: type[T]) -> T:
        try:
            return msgspec.json.decode(accepted.body, type=wanted)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise NoService(self.url, "what answers there is no Slipway") from error

    def _answer(self, said: _Said) -> Answer:
        target = self._target
        value: Value | None = said.value if target.task is Task.REGRESSION else said.label
        if value is None or (target.classes and value not in target.classes):
            raise NoService(self.url, f"its answers are not about {target.name!r}, the target of model.toml")
        return Answer(id=said.id, value=value, is_warned=bool(said.warnings))


def _pause_s(response: requests.Response) -> float | None:
    """How long to wait before asking again, at least a second; None where that is not asked for."""
    asked = response.headers.get("Retry-After", "")
    if response.status_code not in _COME_AGAIN or not asked.isdecimal():
        return None
    return max(float(asked), 1.0)


def _refusal(response: requests.Response, what: str, first: int | None) -> ServiceRefused:
    """
    A refusal in a sentence.

    Args:
        response: Of another status than 200.
        what: Was sent.
        first: The number of its first row, where it was rows.
    """
    try:
        problem = msgspec.json.decode(response.content, type=_Problem)
    except (msgspec.DecodeError, UnicodeDecodeError):
        problem = _Problem(detail=response.reason or "without a reason")
    status, detail, advice = response.status_code, problem.detail, ""
    for fault in problem.errors[:1]:
        detail = f"{fault.field}: {fault.problem}" if fault.field else fault.problem
        if first is not None and fault.row is not None:
            what = f"row {first + fault.row}"
    if response.is_redirect:
        advice = f"set --url to where {response.headers['Location']} leads"
    elif status in _WRONG_KEY:
        advice = "set API_KEY to a key that may do this"
    elif status in _COME_AGAIN:
        advice = "lower --rate, or try again later"
    elif status == requests.codes.unprocessable and what.startswith("row "):
        # Every row keeps the contract of model.toml; a batch as a whole may only be too long.
        advice = "the served model has another contract than model.toml"
    return ServiceRefused(what, status=status, detail=detail, advice=advice)
