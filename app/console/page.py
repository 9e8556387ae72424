"""The page on a service and its model; Jinja escapes every value, whatever a bundle or a caller put into it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import render_template

from app.console.answers import Shown
from app.console.form import KEY, fields_of, other_problems, texts_of
from app.console.model import facts_of, figures_of, rows_of, what_is_predicted
from app.console.overview import Overview
from app.console.words import moment
from app.errors import InvalidInput, Problem
from app.served_model import ServedModel
from app.settings import ServiceSettings
from core.contract import Row
from core.snippets import predict_snippets
from core.version import VERSION

_SHORT_HASH = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """
    How things stand, for one who looks.

    Attributes:
        readiness: Why the service is not ready; empty if it is.
        overview: The rest; None for those who are not shown it.
        problem: Why the key that was sent does not show it; None if none was.
    """

    readiness: str
    overview: Overview | None = None
    problem: Problem | None = None


class Page:
    """What a person sees of a service."""

    def __init__(self, model: ServedModel, settings: ServiceSettings) -> None:
        """
        Args:
            model: That is served.
            settings: Of the service.
        """
        self._model = model
        self._needs_key, self._has_public_docs = bool(settings.api_keys), settings.has_public_docs
        self._code = f"{VERSION}, commit {settings.revision[:_SHORT_HASH]}" if settings.revision else VERSION
        self._started = datetime.now(UTC)
        golden = (dict(golden.row) for golden in model.bundle.golden().rows)
        # With as few empty inputs as there are.
        self._example: Row = min(golden, key=lambda row: sum(value is None for value in row.values()), default={})

    def locked(self, problem: Problem | None) -> str:
        """What a stranger sees where the documents are for callers only; of the model nothing."""
        return render_template("locked.html", key=KEY, problem=None if problem is None else told(problem))

    def full(
        self,
        url: str,
        standing: Standing,
        *,
        texts: Mapping[str, str] | None = None,
        row: Row | None = None,
        answer: Shown | None = None,
        invalid: InvalidInput | None = None,
        problem: Problem | None = None,
    ) -> str:
        """
        The page.

        Args:
            url: Of the service, as the caller reached it.
            standing: How things stand.
            texts: What the inputs hold; by default an example.
            row: What the requests in three languages send; by default the example.
            answer: To what was tried.
            invalid: Why it was not scored.
            problem: Why the caller was not let in to try.
        """
        manifest, contract = self._model.bundle.manifest, self._model.contract
        faults = () if invalid is None else invalid.listed
        return render_template(
            "console.html",
            tag=self._model.tag,
            started=moment(self._started),
            code=self._code,
            target=contract.target,
            sentence=what_is_predicted(contract.target),
            readiness=standing.readiness,
            overview=standing.overview,
            unlocking_problem=None if standing.problem is None else told(standing.problem),
            figures=figures_of(manifest, contract.target),
            facts=facts_of(manifest),
            trained=rows_of(manifest.lineage.fitted),
            holdout=rows_of(manifest.lineage.holdout),
            fields=fields_of(contract, texts_of(self._example) if texts is None else texts, faults),
            others=other_problems(contract, faults),
            faults=0 if invalid is None else invalid.count,
            answer=answer,
            problem=None if problem is None else told(problem),
            key=KEY,
            needs_key=self._needs_key,
            has_public_docs=self._has_public_docs,
            snippets=predict_snippets(self._example if row is None else row, url, needs_key=self._needs_key),
        )


def told(problem: Problem) -> str:
    """Why a key does not open something, to a person at a form."""
    if problem.status == 401:
        return "This needs a key, and none that is known here was sent."
    later = problem.headers.get("Retry-After")
    return f"{problem.detail}; try again in {later} s." if later else f"{problem.detail}."
