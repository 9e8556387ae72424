"""GET / and POST /try: the served model for people, and a form to try it."""

from __future__ import annotations

import msgspec
from flask import Blueprint, Response, g, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from app.access import Access
from app.console.answers import show_answer
from app.console.form import Sent, read_form, row_of
from app.console.page import Page
from app.errors import InvalidInput, Problem
from app.intake import Intake
from app.keys import Scope
from app.served_model import ServedModel
from app.settings import ServiceSettings

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_ANY = frozenset(Scope)
_PREDICT = frozenset({Scope.PREDICT})


def blueprint(model: ServedModel, entrance: Access, settings: ServiceSettings) -> Blueprint:
    """
    The page and its form.

    Its routes guard themselves, as a person is refused by the page and not by a problem document. A key comes in the
    form's body, is used once, and is nowhere kept: no cookie stands for it. So another site can make a browser send
    the form, but not a key with it, and what it sends changes nothing; a token against that would protect nothing.

    What is tried is answered as ever and not journalled: it is no traffic that drift should see.
    """
    routes = Blueprint(
        "console", __name__, template_folder="templates", static_folder="static", static_url_path="/console"
    )
    intake, usual = Intake(model.contract, max_rows=1), model.usual_disagreement()
    page = Page(model, needs_key=bool(settings.api_keys), has_public_docs=settings.has_public_docs)

    @routes.get("/")
    def show() -> Response:
        problem = None if settings.has_public_docs else _refusal(entrance, _ANY, "")
        return _answer(page.full(_here()) if problem is None else page.locked(None), problem)

    @routes.post("/")
    def unlock() -> Response:
        sent = read_form(model.contract, max_bytes=settings.max_body_bytes)
        problem = None if settings.has_public_docs else _refusal(entrance, _ANY, sent.key)
        return _answer(page.full(_here()) if problem is None else page.locked(problem), problem)

    @routes.post("/try")
    def try_row() -> Response:
        sent = read_form(model.contract, max_bytes=settings.max_body_bytes)
        problem = _refusal(entrance, _PREDICT, sent.key)
        if problem is None:
            return score(sent)
        # A key without the scope is one that may read.
        may_read = settings.has_public_docs or problem.status == 403
        shown = page.full(_here(), texts=sent.texts, problem=problem) if may_read else page.locked(problem)
        return _answer(shown, problem)

    def score(sent: Sent) -> Response:
        row = row_of(model.contract, sent.texts)
        try:
            scored = model.score(intake.row(msgspec.json.encode(row)))
        except InvalidInput as invalid:
            return _answer(page.full(_here(), texts=sent.texts, invalid=invalid), status=422)
        (answer,) = scored.answers([""], shows_members=True)
        g.rows = 1
        shown = show_answer(answer, model.contract.target, model.bundle.manifest, usual)
        return _answer(page.full(_here(), texts=sent.texts, row=row, answer=shown))

    # Whoever asks for the address of an answer once more.
    @routes.get("/try")
    def begin_again() -> BaseResponse:
        return redirect("/")

    return routes


def _refusal(entrance: Access, scopes: frozenset[Scope], key: str) -> Problem | None:
    """Why a caller is not let in, by the request's own header or by the form's key; None for who is."""
    authorization = request.headers.get("Authorization") or (f"Bearer {key}" if key else "")
    caller = entrance.caller(authorization, scopes, request.remote_addr or "", g.request_id)
    return caller if isinstance(caller, Problem) else entrance.count(caller)


def _here() -> str:
    return request.host_url.rstrip("/")


def _answer(page: str, problem: Problem | None = None, *, status: int = 200) -> Response:
    headers = {"Content-Security-Policy": _POLICY, **(problem.headers if problem else {})}
    return Response(page, problem.status if problem else status, headers, content_type="text/html; charset=utf-8")
