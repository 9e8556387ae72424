"""The API's and the uploads' host: who is let in, how often, and whether request and answer keep the contract."""

from __future__ import annotations

import hashlib
import json
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, replace

from werkzeug.datastructures import Headers, MultiDict

from doubles.github.access import admit, caller_key, caller_of, quota_of
from doubles.github.contract import CheckedAnswer, CheckedRequest, Contract, checked_request
from doubles.github.exchange import Answer, Call, Route, answer_json
from doubles.github.records import Records, Violation
from doubles.github.refusals import NotFound, Refusal, Unprocessable
from doubles.github.resources.assets import leave_starter
from doubles.github.world import World


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request as it came in, its path still escaped."""

    site: str
    method: str
    path: str
    query: MultiDict[str, str]
    headers: Headers
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Api:
    """Answers requests by GitHub's routes; whoever calls it holds the double's lock."""

    world: World
    records: Records
    contract: Contract
    routes: Sequence[Route]

    def answer(self, request: Request) -> Answer:
        """Answer a request as GitHub would; what breaks the contract is also noted."""
        found = find_route(self.routes, request)
        if found is None:
            self._note(request, "unknown call")
            return refused(NotFound())
        checked = _to_be_checked(request, *found)
        faults = self.contract.faults_of_request(checked)
        for fault in faults:
            self._note(request, fault)
        try:
            answer = self._limited(self._call(request, *found), found[0], faults)
        except Refusal as refusal:
            answer = refused(refusal)
        except Exception:  # noqa: BLE001  # whatever the double stumbles over, the test must hear of it
            self._note(request, traceback.format_exc())
            return refused(Refusal(500, "The double failed"))
        return self._checked(request, checked, answer)

    def abandon_upload(self, request: Request) -> None:
        """Leave what an upload that broke leaves behind, if it was one."""
        found = find_route(self.routes, request)
        if found is not None and found[0].site == "uploads":
            leave_starter(self._call(request, *found))

    def _limited(self, call: Call, route: Route, faults: list[str]) -> Answer:
        resource = "search" if route.template.startswith("/search/") else "core"
        quota = quota_of(self.world, call.headers, call.caller, resource)
        free = route.template == "/rate_limit"
        if not free:
            quota.refuse_if_spent()
        try:
            answer = self._admitted(call, route, faults)
        except Refusal as refusal:
            answer = refused(refusal)
        answer = _not_modified(call, answer)
        if not free and answer.status != 304:
            quota.used += 1
        return replace(answer, headers=quota.headers | dict(answer.headers))

    def _admitted(self, call: Call, route: Route, faults: list[str]) -> Answer:
        if route.need is not None:
            admit(call, route.need)
        _refuse_faulty(call, faults)
        if call.method == "POST":
            self.world.rates.create(caller_key(call.headers), self.world.now)
        return route.handler(call)

    def _call(self, request: Request, route: Route, values: dict[str, str]) -> Call:
        return Call(
            world=self.world,
            caller=caller_of(self.world, request.headers),
            site=request.site,
            method=request.method,
            template=route.template,
            values=values,
            query=request.query,
            headers=request.headers,
            body=request.body,
        )

    def _checked(self, request: Request, checked: CheckedRequest, answer: Answer) -> Answer:
        given = CheckedAnswer(
            status_code=answer.status,
            data=answer.content,
            content_type=answer.content_type,
            headers=Headers(dict(answer.headers)),
        )
        faults = self.contract.faults_of_answer(checked, given)
        for fault in faults:
            self._note(request, f"the double's answer {answer.status}: {fault}")
        return refused(Refusal(500, "The double's own answer breaks the contract")) if faults else answer

    def _note(self, request: Request, reason: str) -> None:
        call = f"{request.method} {request.path}"
        self.records.violations.append(Violation(call=call, reason=reason))


def find_route(routes: Sequence[Route], request: Request) -> tuple[Route, dict[str, str]] | None:
    """The first route that a request matches, and the values in its path."""
    for route in routes:
        values = route.match(request.site, request.method, request.path)
        if values is not None:
            return route, values
    return None


def refused(refusal: Refusal) -> Answer:
    """A refusal as an answer."""
    return answer_json(refusal.body, status=refusal.status, headers=refusal.headers)


def _to_be_checked(request: Request, route: Route, values: dict[str, str]) -> CheckedRequest:
    return checked_request(
        site=request.site,
        template=route.template,
        values=values,
        method=request.method,
        query=request.query,
        headers=request.headers,
        body=request.body,
    )


def _refuse_faulty(call: Call, faults: list[str]) -> None:
    if call.site == "uploads" and "Content-Length" not in call.headers:
        raise Refusal(400, "Bad Content-Length: ")
    if not faults:
        return
    if call.site != "uploads" and not _is_json(call.body):
        raise Refusal(400, "Problems parsing JSON")
    raise Unprocessable(f"Invalid request.\n\n{faults[0]}")


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body or b"{}")
    except ValueError:
        return False
    return True


def _not_modified(call: Call, answer: Answer) -> Answer:
    if call.method != "GET" or answer.status != 200:
        return answer
    etag = f'"{hashlib.sha256(answer.content).hexdigest()}"'
    if etag in call.headers.get("If-None-Match", ""):
        return Answer(status=304, headers={"ETag": etag})
    return replace(answer, headers=dict(answer.headers) | {"ETag": etag})
