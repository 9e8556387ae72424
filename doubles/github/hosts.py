"""The four hosts as WSGI applications: reads requests, lets planted faults strike, notes calls, writes answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from threading import Event, RLock
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from werkzeug.exceptions import ClientDisconnected
from werkzeug.wrappers import Request as IncomingRequest
from werkzeug.wrappers import Response

from doubles.github.api import Api, Request
from doubles.github.control import CONTROL, answer_control
from doubles.github.damage import damaged, sent
from doubles.github.exchange import Answer
from doubles.github.faults import AnswerLost, Before, CutUpload, Fault, Faults, Slow, Status
from doubles.github.pages import answer_content, answer_page
from doubles.github.records import RecordedCall, Records
from doubles.github.world import World

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


@dataclass(frozen=True, kw_only=True)
class Core:
    """What the four hosts share."""

    world: World
    api: Api
    records: Records
    save: Callable[[], None]
    faults: Faults = field(default_factory=Faults)
    lock: RLock = field(default_factory=RLock)
    stopping: Event = field(default_factory=Event)


@dataclass(frozen=True, kw_only=True)
class Host:
    """One of the hosts: `api`, `web`, `uploads` or `assets`."""

    site: str
    core: Core

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        incoming = IncomingRequest(environ)
        path = urlsplit(environ["RAW_URI"]).path
        if self.site == "api" and path.startswith(CONTROL):
            return _response(self._controlled(self._read(incoming, path)))(environ, start_response)
        fault = self.core.faults.strike(self.site, incoming.method, path)
        if isinstance(fault, CutUpload):
            self._cut_upload(incoming, path, fault)
        request = self._read(incoming, path)
        answer = self._answer(request, fault)
        self._note(request, 0 if isinstance(fault, AnswerLost) else answer.status)
        if isinstance(fault, Slow):
            self.core.stopping.wait(fault.seconds)
        if isinstance(fault, AnswerLost):
            raise ConnectionAbortedError
        spoilt = damaged(answer, fault)
        return _response(spoilt, sent(spoilt, fault))(environ, start_response)

    def _read(self, incoming: IncomingRequest, path: str, *, body: bytes | None = None) -> Request:
        try:
            content = incoming.get_data(cache=False) if body is None else body
        except ClientDisconnected as error:
            raise ConnectionAbortedError from error
        return Request(
            site=self.site,
            method=incoming.method,
            path=path,
            query=incoming.args,
            headers=incoming.headers,
            body=content,
        )

    def _answer(self, request: Request, fault: Fault | None) -> Answer:
        if isinstance(fault, Before):
            fault.action()
        with self.core.lock:
            if isinstance(fault, Status):
                answer = self._planted(request, fault)
            elif self.site == "web":
                answer = answer_page(self.core.world, self.core.records, request)
            elif self.site == "assets":
                answer = answer_content(self.core.world, request)
            else:
                answer = self.core.api.answer(request)
            if request.method != "GET":
                self.core.save()
        return answer

    def _planted(self, request: Request, fault: Status) -> Answer:
        if fault.leaves_starter:
            self.core.api.abandon_upload(request)
        headers = {"Content-Type": "application/json; charset=utf-8"} | fault.headers
        content_type = headers.pop("Content-Type")
        return Answer(status=fault.status, content=fault.body.encode(), content_type=content_type, headers=headers)

    def _cut_upload(self, incoming: IncomingRequest, path: str, fault: CutUpload) -> None:
        got = incoming.stream.read(fault.after)
        request = self._read(incoming, path, body=got)
        with self.core.lock:
            if fault.leaves_starter:
                self.core.api.abandon_upload(request)
                self.core.save()
        self._note(request, 0)
        raise ConnectionAbortedError

    def _controlled(self, request: Request) -> Answer:
        with self.core.lock:
            answer = answer_control(self.core.world, self.core.records, self.core.faults, request)
            self.core.save()
        return answer

    def _note(self, request: Request, status: int) -> None:
        call = RecordedCall(
            site=self.site,
            host=request.headers.get("Host", ""),
            method=request.method,
            path=request.path,
            query=_public(request),
            status=status,
            with_token="Authorization" in request.headers,
        )
        with self.core.lock:
            self.core.records.calls.append(call)
            if self.site == "assets" and call.with_token:
                self.core.records.leaks.append(call)


def _response(answer: Answer, content: Iterable[bytes] | None = None) -> Response:
    response = Response(content if content is not None else answer.content, status=answer.status)
    response.headers.update(dict(answer.headers))
    if answer.status not in {204, 304}:
        response.headers["Content-Type"] = answer.content_type
        response.headers["Content-Length"] = str(len(answer.content))
    return response


def _public(request: Request) -> str:
    # The query of an address in the store is a credential of its own.
    return (
        "" if request.site == "assets" else "&".join(f"{key}={value}" for key, value in request.query.items(multi=True))
    )
