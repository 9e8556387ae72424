"""GET / and POST /try: how the service stands, the served model for people, and a form to try it."""

from __future__ import annotations

from dataclasses import replace

import msgspec
from flask import Blueprint, Response, g, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from app.access import Access
from app.console.answers import show_answer
from app.console.door import Door, has_sent
from app.console.form import Sent, read_form, row_of
from app.console.overview import overview_of
from app.console.page import Page, Standing
from app.console.scores import PROMISED
from app.console.sources import Sources
from app.errors import InvalidInput, Problem
from app.intake import Intake
from app.served_model import ServedModel
from app.settings import ServiceSettings
from core.reference import DISAGREEMENT

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def blueprint(model: ServedModel, entrance: Access, settings: ServiceSettings, sources: Sources) -> Blueprint:
    """
    The page and its form.

    Its routes guard themselves, as a person is refused by the page and not by a problem document. A key comes in the
    form's body, is used once, and is nowhere kept: no cookie stands for it. So another site can make a browser send
    the form, but not a key with it, and what it sends changes nothing; a token against that would protect nothing.

    What is tried is answered as ever and not journalled: it is no traffic that drift should see.

    Args:
        model: That is served.
        entrance: Who is let in.
        settings: Of the service.
        sources: How it stands.
    """
    routes = Blueprint(
        "console", __name__, template_folder="templates", static_folder="static", static_url_path="/console"
    )
    console, max_bytes = _Console(model, Door(entrance, settings), settings, sources), settings.max_body_bytes

    @routes.get("/")
    def show() -> Response:
        return console.show("")

    @routes.post("/")
    def unlock() -> Response:
        return console.show(read_form(model.contract, max_bytes=max_bytes).key)

    @routes.post("/try")
    def try_row() -> Response:
        return console.try_row(read_form(model.contract, max_bytes=max_bytes))

    # Whoever asks for the address of an answer once more.
    @routes.get("/try")
    def begin_again() -> BaseResponse:
        return redirect("/")

    return routes


class _Console:
    """Answers people."""

    def __init__(self, model: ServedModel, door: Door, settings: ServiceSettings, sources: Sources) -> None:
        self._model, self._door, self._sources = model, door, sources
        self._target = target = model.contract.target
        self._intake, self._usual = Intake(model.contract, max_rows=1), model.usual(DISAGREEMENT)
        self._promised = model.usual(PROMISED[target.task]) if target.task in PROMISED else None
        self._page = Page(model, settings)

    def show(self, key: str) -> Response:
        """The page, as far as somebody may see it."""
        problem = self._door.to_page(key)
        if not self._door.shows_model(problem):
            # Who only comes by is not reproached.
            return _answer(self._page.locked(problem if request.method == "POST" else None), problem)
        return _answer(self._page.full(_here(), self._standing(key, problem)), problem)

    def try_row(self, sent: Sent) -> Response:
        """The same, with the answer to what was sent."""
        problem = self._door.to_form(sent.key)
        if not self._door.shows_model(problem):
            return _answer(self._page.locked(problem), problem)
        # What stands around an answer needs another scope, of which nobody asked.
        around = replace(self._standing(sent.key, problem), problem=None)
        if problem is not None:
            return _answer(self._page.full(_here(), around, texts=sent.texts, problem=problem), problem)
        return self._score(sent, around)

    def _score(self, sent: Sent, around: Standing) -> Response:
        row = row_of(self._model.contract, sent.texts)
        try:
            scored = self._model.score(self._intake.row(msgspec.json.encode(row)))
        except InvalidInput as invalid:
            return _answer(self._page.full(_here(), around, texts=sent.texts, invalid=invalid), status=422)
        (answer,) = scored.answers([""], shows_members=True)
        g.rows = 1
        shown = show_answer(answer, self._target, self._model.bundle.manifest, self._usual)
        return _answer(self._page.full(_here(), around, texts=sent.texts, row=row, answer=shown))

    def _standing(self, key: str, before: Problem | None) -> Standing:
        """How things stand, for one who may know; `before` is why the same key does not open something else."""
        readiness = self._sources.readiness()
        problem = self._door.to_standing(key, before)
        if problem is not None:
            return Standing(readiness=readiness, problem=problem if has_sent(key) else None)
        found = self._sources.gather()
        overview = overview_of(
            found,
            tag=self._model.tag,
            trained=self._model.bundle.manifest.created_at,
            target=self._target,
            promised=self._promised,
            readiness=readiness,
        )
        return Standing(readiness=readiness, overview=overview)


def _here() -> str:
    return request.host_url.rstrip("/")


def _answer(page: str, problem: Problem | None = None, *, status: int = 200) -> Response:
    headers = {"Content-Security-Policy": _POLICY, **(problem.headers if problem else {})}
    return Response(page, problem.status if problem else status, headers, content_type="text/html; charset=utf-8")
