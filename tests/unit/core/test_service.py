"""The client of a service: what it asks again, what it returns as it came, and what it says of it."""

from __future__ import annotations

import msgspec
import pytest

from core.errors import ServiceAway, ServiceError
from core.service import Service
from tests.loopback import Answer, Asked, answering

KEY = "slip_hunter2"


class Line(msgspec.Struct):
    cursor: int


def test_whatever_comes_is_returned_with_its_status() -> None:
    with answering(lambda _: Answer(status=422, body=b'{"detail": "1 fault"}')) as server:
        service = Service(server.url, KEY)
        reply = service.ask("POST", "/v1/predict", data=b"{}", headers={"X-Unrecorded": "yes"})
    assert (reply.status, reply.is_good, service.said(reply)) == (422, False, "1 fault")
    assert reply.took_s > 0
    assert server.asked[0].headers["x-unrecorded"] == "yes"


def test_who_is_told_to_come_again_does_so_no_more_often_than_it_may() -> None:
    waits: list[float] = []
    with answering(lambda _: Answer(status=503)) as server:
        service = Service(server.url, KEY, sleep=waits.append)
        assert service.ask("GET", "/readyz", attempts=1).status == 503
        assert service.ask("GET", "/readyz", attempts=3).status == 503
    assert len(server.asked) == 4
    assert waits == [1, 2]


def test_a_service_that_is_away_is_an_error_of_its_own() -> None:
    with answering(lambda _: Answer()) as server:
        service = Service(server.url, KEY)
    with pytest.raises(ServiceAway, match="nothing answers there"):
        service.ask("GET", "/readyz", attempts=1)


def test_the_scopes_that_a_key_needs_are_named() -> None:
    with answering(lambda _: Answer(status=403)) as server:
        service = Service(server.url, KEY, scopes="the scopes predict and admin")
        with pytest.raises(ServiceError, match="set SERVICE_KEY to one with the scopes predict and admin"):
            service.call("GET", "/v1/journal/span")


def test_lines_go_on_after_a_cursor_for_as_many_pages_as_are_wanted() -> None:
    def reply(asked: Asked) -> Answer:
        after = int(asked.query["after"])
        return Answer(body=b"".join(b'{"cursor": %d}\n' % cursor for cursor in (after + 1, after + 2)))

    with answering(reply) as server:
        found = list(Service(server.url, KEY).lines("/v1/journal", {}, Line, page=2, after=7, pages=2))
    assert [line.cursor for line in found] == [8, 9, 10, 11]
