"""What the query of a request says."""

from __future__ import annotations

from flask import request

from app.errors import InputFault, InvalidInput


def flag(name: str) -> bool:
    """
    Whether something is asked for; it is not where nothing is said.

    Raises:
        InvalidInput: if it is neither `true` nor `false`.
    """
    text = request.args.get(name, "false")
    if text not in {"true", "false"}:
        raise InvalidInput([InputFault(field=name, problem="takes true or false, in the query")])
    return text == "true"
