"""The last complete weeks of a model's rows."""

from __future__ import annotations

from datetime import datetime

from core.errors import SourceError
from drift.columns import Columns, columns_of
from drift.models import Model, Models
from drift.periods import ONE_DAY, ONE_WEEK, complete, monday
from drift.rows import Source


def last_weeks(source: Source, models: Models, *, now: datetime, count: int) -> tuple[Model, list[Columns]]:
    """
    The last complete weeks, Monday to Sunday, of the model that answered the newest row in them.

    Args:
        source: Of the rows.
        models: That answered them.
        now: UTC.
        count: Weeks at most.

    Returns:
        The model, and the rows of each week that has some, the oldest first.

    Raises:
        SourceError: if there are none, or their model cannot be found.
    """
    span = source.span()
    if span is None:
        raise SourceError(f"{source.name} holds no rows yet")
    end = monday(min(now, span[1] + ONE_DAY))
    begin = max(end - count * ONE_WEEK, monday(span[0]))
    weeks = [list(source.rows(start, start + ONE_WEEK)) for start in complete(begin, ONE_WEEK, end)]
    newest = max((int(batch.at.max()), batch.tag) for week in weeks for batch in week) if any(weeks) else None
    if newest is None:
        raise SourceError(f"{source.name} holds no complete week, from Monday to Sunday, yet")
    model = models.find(newest[1])
    if model is None:
        raise SourceError(f"the rows of {newest[1]} cannot be compared: {models.problems[newest[1]]}")
    answered = ([batch for batch in week if batch.tag == model.tag] for week in weeks)
    contract, drops_columns = model.profile.contract, source.drops_columns
    return model, [columns_of(week, contract, drops_columns=drops_columns) for week in answered if week]
