"""Lets a request in: by its key's scope, within its rate."""

from __future__ import annotations

import time
from collections.abc import Mapping

import structlog
from flask import Flask, Response, g, request
from limits import RateLimitItem, parse
from limits.strategies import FixedWindowRateLimiter

from app.errors import Problem
from app.headers import UNRECORDED
from app.keys import Scope, find_key
from app.rates import LocalLimiter, SharedLimiter
from app.settings import IN_MEMORY, ServiceSettings

# So many wrong keys of an address are answered and logged in a minute. A right one is let in whatever else comes from
# there: behind a proxy or a gateway, strangers and callers share an address.
_WRONG_KEYS = parse("20/minute")
_CHALLENGE = {"WWW-Authenticate": "Bearer"}
_UNAUTHORIZED = Problem(401, "Unauthorized", "send a key as Authorization: Bearer KEY", _CHALLENGE)
_REFUSED = Problem(401, "Unauthorized", "no key that is known here was sent as Authorization: Bearer KEY", _CHALLENGE)
# Rows that leave no trace are for whoever looks after the service, but for the single ones that people try on the
# console.
_TRACELESS = frozenset({Scope.ADMIN})
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

    def caller(self, authorization: str, scopes: frozenset[Scope], address: str, request_id: str) -> str | Problem:
        """
        Under what name a caller who may do this is counted, or why one may not.

        Args:
            authorization: The request's header.
            scopes: Any of these is needed.
            address: Of the caller.
            request_id: For the log.
        """
        if not self._keys:
            return address
        key = find_key(self._keys, authorization)
        if key is None:
            return self._wrong_key(address, request_id) if authorization else _UNAUTHORIZED
        if not key.scopes & scopes:
            return Problem(403, "Forbidden", f"key {key.name!r} lacks the scope {' or '.join(sorted(scopes))}")
        return key.name

    def count(self, caller: str) -> Problem | None:
        """Count a request; a problem if it is beyond the caller's rate."""
        if self._limit is None or self._limiter.hit(self._limit, caller):
            return None
        return _later(self._limit, self._limiter, caller, f"at most {self._limit}")

    def _wrong_key(self, address: str, request_id: str) -> Problem:
        if not self._wrong.hit(_WRONG_KEYS, address):
            return _later(_WRONG_KEYS, self._wrong, address, "too many wrong keys came from your address")
        _LOG.warning("a key was refused", request_id=request_id, address=address)
        return _REFUSED


def _later(limit: RateLimitItem, limiter: FixedWindowRateLimiter, caller: str, detail: str) -> Problem:
    reset = limiter.get_window_stats(limit, caller).reset_time
    return Problem(429, "Too many requests", detail, {"Retry-After": str(max(1, int(reset - time.time()) + 1))})


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
        if needed is None:
            return None
        address, authorization = request.remote_addr or "", request.headers.get("Authorization", "")
        caller = access.caller(authorization, needed, address, g.request_id)
        if UNRECORDED in request.headers and not isinstance(caller, Problem):
            caller = access.caller(authorization, _TRACELESS, address, g.request_id)
        if isinstance(caller, Problem):
            return caller.response()
        g.caller = caller
        excess = access.count(caller)
        return None if excess is None else excess.response()
