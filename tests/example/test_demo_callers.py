"""The demonstration's callers: everything that they ask for is counted once, with what came of it."""

from __future__ import annotations

import json
import socket

from demo.callers import asking
from tests.loopback import Answer, Asked, answering

ROWS = [{"age": float(number)} for number in range(25)]


def test_callers_count_who_answered_and_what_failed() -> None:
    def reply(asked: Asked) -> Answer:
        is_old = json.loads(asked.body)["rows"][-1]["age"] >= 20
        return Answer(status=500) if is_old else Answer(body=b'{"model_tag": "model-v1.0.0"}')

    with answering(reply) as server:
        with asking(server.url, ROWS) as callers:
            callers.wait_for(25)
        batches = [len(json.loads(asked.body)["rows"]) for asked in server.asked]
    answered, failed = sum(size for size in batches if size == 10), sum(size for size in batches if size == 5)
    assert (answered > 0, failed > 0) == (True, True)
    assert callers.told() == (f"{answered + failed:,} flights: {answered:,} by model-v1.0.0, {failed:,} failed (500)")


def test_callers_ask_for_other_rows_once_they_are_told_to() -> None:
    said = Answer(body=b'{"model_tag": "model-v1.0.0"}')
    with answering(lambda _: said) as server, asking(server.url, ROWS) as callers:
        callers.ask_for([{"age": 90.0}])
        before = len(server.asked)
        callers.wait_for(60)
    later = [json.loads(asked.body)["rows"] for asked in server.asked[before + 4 :]]
    assert later == [[{"age": 90.0}]] * len(later)


def test_a_service_that_is_not_there_is_counted_as_failed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with asking(url, ROWS) as callers:
        callers.wait_for(1)
    assert callers.told().endswith("failed (ConnectionError)")
