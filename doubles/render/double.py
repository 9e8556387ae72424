"""The double in one's own process: started, given faults, asked what it saw."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from threading import Event, RLock
from typing import TYPE_CHECKING, Self

from werkzeug.wrappers import Request, Response

from doubles.github.faults import AnswerLost, Before, Fault, Faults, Planted, Slow, Status
from doubles.github.server import Listener
from doubles.render.api import answer
from doubles.render.state import Deploy, Plan, Service

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

KEY = "rnd_0123456789abcdef"


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A call to the API, and its status; 0 where the answer was lost."""

    method: str
    path: str
    status: int

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Render:
    """Render's API with one web service, and the address at which the public asks that service."""

    def __init__(self, *, name: str = "forecast", plan: str = "starter", tag: str | None = None) -> None:
        """
        Args:
            name: Of the service.
            plan: Of the service.
            tag: What serves since an hour; None if nothing was ever deployed.
        """
        self._api, self._public = Listener("127.0.0.1", 0), Listener("127.0.0.1", 0)
        self.service = Service(id="srv-0a1b2c", name=name, url=self._public.url, plan=plan)
        self.service.env = {"API_KEYS": "tests:predict:00", "SUBJECT_KEY": "s" * 44}
        if tag is not None:
            self.service.env["MODEL_TAG"] = tag
            self.service.add_deploy("blueprint_sync", is_live=True)
        self.keys = {KEY}
        self.calls: list[Seen] = []
        self.awake = Event()
        self.awake.set()
        self._faults, self._lock, self._stopping = Faults(), RLock(), Event()

    def __enter__(self) -> Self:
        """Start answering."""
        self._api.serve(self._answer_api)
        self._public.serve(self._answer_public)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop; whoever is kept waiting is let go."""
        self._stopping.set()
        self.awake.set()
        self._api.stop()
        self._public.stop()

    @property
    def api_url(self) -> str:
        """What is https://api.render.com/v1 elsewhere."""
        return f"{self._api.url}/v1"

    @property
    def url(self) -> str:
        """What the public asks."""
        return self._public.url

    @property
    def tag(self) -> str:
        """What MODEL_TAG names; empty if nothing."""
        return self.service.env.get("MODEL_TAG", "")

    @property
    def changes(self) -> list[str]:
        """What was asked for but to read, in order: method and the last part of the path."""
        return [f"{each.method} {each.path.rpartition('/')[2]}" for each in self.calls if each.method != "GET"]

    def plant(self, fault: Fault, *, method: str = "*", path: str = "*", skip: int = 0, times: int = 1) -> None:
        """Let a fault strike the next calls of the API that match."""
        self._faults.plant(Planted(fault=fault, method=method, path=path, skip=skip, times=times))

    def clear_faults(self) -> None:
        """Forget what was planted."""
        self._faults.clear()

    def plan(self, *plans: Plan) -> None:
        """Say what becomes of the next deploys."""
        self.service.plans += plans

    def deploy(self, trigger: str = "manual") -> Deploy:
        """Somebody else begins a deploy."""
        with self._lock:
            return self.service.add_deploy(trigger)[0]

    def sync_blueprint(self, **literals: str) -> Deploy:
        """Render reads the Blueprint again: what it names by a literal is put back, and deployed."""
        with self._lock:
            self.service.env |= literals
            return self.service.add_deploy("blueprint_sync")[0]

    def finish(self) -> None:
        """Let whatever runs go to its end."""
        with self._lock:
            while self.service.running and self.service.running[0].status != self.service.running[0].plan.stops_at:
                self.service.advance()

    def _answer_api(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        fault = self._faults.strike("api", request.method, request.path)
        if isinstance(fault, Before):
            fault.action()
        headers: dict[str, str] = {}
        with self._lock:
            if isinstance(fault, Status):
                status, content, headers = fault.status, fault.body.encode(), fault.headers
            else:
                status, document = answer(self.service, request, self.keys)
                content = b"" if document is None else json.dumps(document).encode()
            shown = 0 if isinstance(fault, AnswerLost) else status
            self.calls.append(Seen(method=request.method, path=request.path, status=shown))
        if isinstance(fault, Slow):
            self._stopping.wait(fault.seconds)
        if isinstance(fault, AnswerLost):
            raise ConnectionAbortedError
        response = Response(content, status=status, content_type="application/json")
        response.headers.update(headers)
        return response(environ, start_response)

    def _answer_public(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        # Whoever asks a service that sleeps is kept waiting until it wakes.
        self.awake.wait(60)
        with self._lock:
            tag = self.service.public_tag() if request.path == "/readyz" else None
        if tag is None:
            return Response("Bad Gateway", status=502)(environ, start_response)
        document = json.dumps({"status": "ready", "model_tag": tag})
        return Response(document, content_type="application/json")(environ, start_response)
