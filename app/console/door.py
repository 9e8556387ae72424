"""Who sees which part of the console, by the key that a form or a header carries."""

from __future__ import annotations

from flask import g, request

from app.access import Access
from app.errors import Problem
from app.keys import Scope
from app.settings import ServiceSettings

_BEARER = "Bearer "
_LACKS_SCOPE = 403
_ANY = frozenset(Scope)
_PREDICT = frozenset({Scope.PREDICT})
_ADMIN = frozenset({Scope.ADMIN})


class Door:
    """Says why somebody is not let in, as a problem; None for those who are."""

    def __init__(self, entrance: Access, settings: ServiceSettings) -> None:
        """
        Args:
            entrance: Who is let in to the service.
            settings: Of the service.
        """
        self._entrance, self._is_public, self._has_keys = entrance, settings.has_public_docs, bool(settings.api_keys)

    def to_page(self, key: str) -> Problem | None:
        """To the page; who looks at what everybody may see is not counted."""
        if self._is_public and not (self._has_keys and has_sent(key)):
            return None
        return self._counted(_ANY, key)

    def to_form(self, key: str) -> Problem | None:
        """To trying the model."""
        return self._counted(_PREDICT, key)

    def to_standing(self, key: str, before: Problem | None) -> Problem | None:
        """
        To how things stand; whoever comes so far was counted.

        Args:
            key: Of the form.
            before: Why the same caller was not let in to something else.
        """
        if before is not None and before.status != _LACKS_SCOPE:
            return before
        caller = self._caller(_ADMIN, key)
        return caller if isinstance(caller, Problem) else None

    def shows_model(self, problem: Problem | None) -> bool:
        """Whether the model is shown to one who has this problem; a key without the scope is one that may read."""
        return self._is_public or problem is None or problem.status == _LACKS_SCOPE

    def _counted(self, scopes: frozenset[Scope], key: str) -> Problem | None:
        caller = self._caller(scopes, key)
        return caller if isinstance(caller, Problem) else self._entrance.count(caller)

    def _caller(self, scopes: frozenset[Scope], key: str) -> str | Problem:
        return self._entrance.caller(_authorization(key), scopes, request.remote_addr or "", g.request_id)


def has_sent(key: str) -> bool:
    """Whether a caller sent anything to be let in."""
    return bool(_authorization(key))


def _authorization(key: str) -> str:
    """What a caller sent to be let in; a header of another kind is meant for somebody else on the way."""
    if key:
        return f"{_BEARER}{key}"
    header = request.headers.get("Authorization", "")
    return header if header.startswith(_BEARER) else ""
