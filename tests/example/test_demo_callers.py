"""The demonstration's callers: everything that they ask for is counted once, with what came of it."""

from __future__ import annotations

import json
import socket

from demo.callers import asking
from tests.loopback import Answer, Asked, answering

ROWS = [{"age": float(number)} for number in range(25)]


def rows_of(asked: Asked) -> list[dict[str, float]]:
    """What was asked for: several rows, or one alone."""
    sent = json.loads(asked.body)
    assert asked.path == ("/v1/predict/batch" if "rows" in sent else "/v1/predict")
    return list(sent.get("rows", [sent]))


def test_callers_count_who_answered_and_what_failed() -> None:
    def reply(asked: Asked) -> Answer:
        is_old = rows_of(asked)[-1]["age"] >= 20
        return Answer(status=500) if is_old else Answer(body=b'{"model_tag": "model-v1.0.0"}')

    with answering(reply) as server:
        with asking(server.url, ROWS) as callers:
            callers.wait_for(100)
        batches = list(map(rows_of, server.asked))
    assert {len(batch) for batch in batches} == {1, 5, 10}
    answered = sum(len(batch) for batch in batches if batch[-1]["age"] < 20)
    failed = sum(len(batch) for batch in batches if batch[-1]["age"] >= 20)
    assert callers.told() == (f"{answered + failed:,} flights: {answered:,} by model-v1.0.0, {failed:,} failed (500)")


def test_callers_ask_for_other_rows_once_they_are_told_to() -> None:
    said = Answer(body=b'{"model_tag": "model-v1.0.0"}')
    with answering(lambda _: said) as server, asking(server.url, ROWS) as callers:
        callers.ask_for([{"age": 90.0}])
        before = len(server.asked)
        callers.wait_for(60)
    # On their way may be the batches of three, and the rows of the one who asks row by row.
    later = list(map(rows_of, server.asked[before + 3 + 10 :]))
    assert later
    assert later == [[{"age": 90.0}]] * len(later)


def test_a_service_that_is_not_there_is_counted_as_failed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with asking(url, ROWS) as callers:
        callers.wait_for(1)
    assert callers.told().endswith("failed (ConnectionError)")
