"""What a source gives, in a form that a test can compare."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from drift.rows import Batch, Source

BEGINNING, END = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)


def batches(source: Source, since: datetime = BEGINNING, until: datetime = END, **options: bool) -> list[Batch]:
    return list(source.rows(since, until, **options))


def rows(source: Source, since: datetime = BEGINNING, until: datetime = END, **options: bool) -> list[dict[str, Any]]:
    """Every row as a dict, sorted by time."""
    found: list[dict[str, Any]] = []
    for batch in batches(source, since, until, **options):
        for place, at in enumerate(batch.at.tolist()):
            answers = {
                name: {label: each[place] for label, each in values.items()}
                if isinstance(values, dict)
                else values[place]
                for name, values in batch.answers.items()
            }
            inputs = {name: values[place] for name, values in batch.inputs.items()}
            outcome = {} if batch.outcomes is None else {"outcome": batch.outcomes[place]}
            found.append({"at": at, "tag": batch.tag, "inputs": inputs, **answers, **outcome})
    return sorted(found, key=lambda row: int(row["at"]))
