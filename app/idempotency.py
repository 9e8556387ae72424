"""
Idempotency-Key: a request that is sent again, as its answer was lost, is not done again but given that answer again.

Source:
    https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
"""

from __future__ import annotations

import hashlib
import time
import zlib
from collections.abc import Callable

import structlog
from flask import Response, g, request

from app.body import JSON
from app.errors import InputFault, InvalidInput, Problem
from app.headers import IDEMPOTENCY_KEY, NAME, REPLAYED, is_name
from app.journal import Journal
from core.errors import JournalUnavailable
from core.journal.store import Claim

# Whoever took a key has answered by now, or will never do so. Should both, the journal holds the request once.
_STALE_US = 10_000_000
_LOG = structlog.get_logger()


class Once:
    """Answers requests that carry a key once; all others as they come."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def answer(self, body: bytes, act: Callable[[str | None], Response], *, is_recorded: bool = True) -> Response:
        """
        Args:
            body: Of the request, by which the same request is known again.
            act: Answers the request, journalled under this id or, where it is None, under one of its own.
            is_recorded: Whether it is journalled; one that is not leaves nothing to be done twice, nor an answer.

        Raises:
            InvalidInput: if the key is malformed, or was sent with another request.
            JournalUnavailable: if keys cannot be looked up now.
        """
        name = request.headers.get(IDEMPOTENCY_KEY)
        if name is None:
            return act(None)
        if not is_name(name):
            raise InvalidInput([InputFault(field=IDEMPOTENCY_KEY, problem=f"takes {NAME}, as a header")])
        if not is_recorded:
            return act(None)
        asked = Claim(
            key=_digest(g.get("caller", ""), request.path, name),
            fingerprint=_digest(request.full_path, request.mimetype, body),
            at=time.time_ns() // 1000,
            record=self._journal.new_id(),
        )
        is_ours, claim = self._journal.store.claim(asked, stale_before=asked.at - _STALE_US)
        if is_ours:
            return self._act(claim, act)
        if claim.fingerprint != asked.fingerprint:
            raise InvalidInput(
                [InputFault(field=IDEMPOTENCY_KEY, problem="was sent with another request; takes a new one for each")]
            )
        return _again(claim)

    def _act(self, claim: Claim, act: Callable[[str | None], Response]) -> Response:
        try:
            response = act(claim.record)
        except BaseException:
            self._keep(lambda: self._journal.store.release(claim.key))
            raise
        self._keep(lambda: self._journal.store.settle(claim.key, zlib.compress(response.get_data(), 1)))
        return response

    def _keep(self, act: Callable[[], None]) -> None:
        """A claim that can be neither kept nor given up is taken over when it is sent again."""
        try:
            act()
        except JournalUnavailable as error:
            _LOG.warning("an Idempotency-Key stays as it was", request_id=g.request_id, problem=str(error))


def _again(claim: Claim) -> Response:
    if claim.answer is None:
        detail = f"a request with this {IDEMPOTENCY_KEY} is being answered; try again"
        return Problem(409, "Conflict", detail, {"Retry-After": "1"}).response()
    answer = Response(zlib.decompress(claim.answer), content_type=JSON)
    answer.headers[REPLAYED] = "true"
    return answer


def _digest(*parts: str | bytes) -> str:
    """Of parts that cannot be taken for others."""
    found = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part
        found.update(len(data).to_bytes(8) + data)
    return found.hexdigest()
