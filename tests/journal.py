"""Records for tests."""

from __future__ import annotations

from typing import Any

import msgspec

from core.journal.records import Ids, Outcome, Prediction, Record, Shadow

IDS = Ids()
START = 1_790_000_000_000_000


def make_prediction(**changes: Any) -> Prediction:
    """An answered request of two rows."""
    values: dict[str, Any] = {
        "id": IDS.new(),
        "at": START,
        "tag": "model-v1.0.0",
        "arm": "champion",
        "subject": None,
        "request_id": "abc",
        "latency_us": 1500,
        "rows": 2,
        "is_batch": True,
        "inputs": {"age": [30.0, None], "city": ["Oslo", 'Å "\n']},
        "answers": {"label": ["yes", "no"], "score": [0.7, 0.1]},
        "warnings": [[1, "city", "unseen_category"]],
    }
    raw = {name: msgspec.Raw(msgspec.json.encode(values.pop(name))) for name in ("inputs", "answers", "warnings")}
    return Prediction(**(values | raw | changes))


def make_outcome(prediction: str, value: str | float = "yes", **changes: Any) -> Outcome:
    """A report of one row."""
    values: dict[str, Any] = {"id": IDS.new(), "at": START, "prediction": prediction, "value": value}
    return Outcome(**(values | changes))


def make_shadow(request: str, **changes: Any) -> Shadow:
    """What another model would have answered to a request of two rows."""
    answers = msgspec.Raw(msgspec.json.encode({"label": ["no", "no"], "score": [0.4, 0.2]}))
    values: dict[str, Any] = {"id": request, "at": START, "tag": "model-v1.1.0", "answers": answers}
    return Shadow(**(values | changes))


def comparable(record: Record) -> dict[str, Any]:
    """A record's fields, their JSON decoded."""
    fields = msgspec.structs.asdict(record)
    return {
        name: msgspec.json.decode(value) if isinstance(value, msgspec.Raw) else value for name, value in fields.items()
    }
