"""Lets a request in: by its key's scope, within its rate."""

from __future__ import annotations

import time
from collections.abc import Mapping

import structlog
from flask import Flask, Response, g, request
from limits import RateLimitItem, parse
from limits.strategies import FixedWindowRateLimiter

from app.errors import problem
from app.keys import Scope, find_key
from app.rates import LocalLimiter, SharedLimiter
from app.settings import IN_MEMORY, ServiceSettings

# So many wrong keys of an address are answered and logged in a minute. A right one is let in whatever else comes from
# there: behind a proxy or a gateway, strangers and callers share an address.
_WRONG_KEYS = parse("20/minute")
_LOG = structlog.get_logger()


class Access:
    """Who is let in; without keys everybody is."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._keys = settings.api_keys
        self._limit = settings.rate_limit
        url = settings.rate_limit_storage
        self._limiter = LocalLimiter() if url == IN_MEMORY else SharedLimiter(url)
        # Wrong keys are counted here and not in a shared storage: they must cost nothing.
        self._wrong = LocalLimiter()

    def key_of(self, authorization: str, scopes: frozenset[Scope], address: str) -> str | None:
        """
        Under what name a caller who may do this is counted; None for one who may not.

        Asking has no consequences: `refusal` logs and counts wrong keys.
        """
        if not self._keys:
            return address
        key = find_key(self._keys, authorization)
        return key.name if key is not None and key.scopes & scopes else None

    def count(self, caller: str) -> bool:
        """Count a request, and say whether it is within the caller's rate."""
        return self._limit is None or self._limiter.hit(self._limit, caller)

    def refusal(self, authorization: str, scopes: frozenset[Scope] | None, address: str) -> Response | None:
        """
        Why a request is not let in, as an answer; None if it is.

        Args:
            authorization: The request's header.
            scopes: Any of these is needed; None lets everybody in.
            address: Of the caller.
        """
        if scopes is None:
            return None
        key = None
        if self._keys:
            key = find_key(self._keys, authorization)
            if key is None:
                return self._wrong_key(address) if authorization else _unauthorized()
            if not key.scopes & scopes:
                wanted = " or ".join(sorted(scopes))
                return problem(403, "Forbidden", f"key {key.name!r} lacks the scope {wanted}")
        caller = address if key is None else key.name
        g.caller = caller
        if self._limit is None or self.count(caller):
            return None
        return _later(self._limit, self._limiter, caller, f"at most {self._limit}")

    def _wrong_key(self, address: str) -> Response:
        if not self._wrong.hit(_WRONG_KEYS, address):
            return _later(_WRONG_KEYS, self._wrong, address, "too many wrong keys came from your address")
        _LOG.warning("a key was refused", request_id=g.get("request_id"), address=address)
        return _unauthorized()


def _unauthorized() -> Response:
    answer = problem(401, "Unauthorized", "send a key as Authorization: Bearer KEY")
    answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def _later(limit: RateLimitItem, limiter: FixedWindowRateLimiter, caller: str, detail: str) -> Response:
    answer = problem(429, "Too many requests", detail)
    reset = limiter.get_window_stats(limit, caller).reset_time
    answer.headers["Retry-After"] = str(max(1, int(reset - time.time()) + 1))
    return answer


def init_app(app: Flask, access: Access, scopes: Mapping[str, frozenset[Scope] | None]) -> None:
    """
    Guard every route.

    Args:
        app: The service.
        access: Who is let in.
        scopes: What each blueprint needs; a route of none, or of one that is not named, needs admin.
    """

    @app.before_request
    def guard() -> Response | None:
        if request.endpoint is None or request.method == "OPTIONS":
            # Nothing is there; the answer says so.
            return None
        needed = scopes.get(request.blueprint or "", frozenset({Scope.ADMIN}))
        return access.refusal(request.headers.get("Authorization", ""), needed, request.remote_addr or "")
