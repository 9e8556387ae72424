"""Operations of the OpenAPI document: what a route takes and answers, and the problems that it shares with others."""

from __future__ import annotations

from typing import Any

from app.body import JSON
from app.errors import PROBLEM
from app.headers import IDEMPOTENCY_KEY

PROBLEMS = {
    "400": "The body cannot be read as JSON.",
    "409": "A request with this Idempotency-Key is being answered; Retry-After says when to try again.",
    "413": "The body is too large.",
    "415": "The body is not sent as one of the types that are listed.",
    "422": "The request breaks the contract; every fault is listed with its row and field.",
    "503": "The journal cannot be written or read now.",
}


def text_lines(description: str, example: str) -> dict[str, Any]:
    """Content that is text, with an example of it."""
    return {"schema": {"type": "string", "minLength": 1, "description": description}, "example": f"{example}\n"}


def _answered(names: list[str]) -> dict[str, Any]:
    return {"200": {"description": "The answer.", "content": {JSON: {"schema": _any_of(names)}}}}


def _any_of(names: list[str]) -> dict[str, Any]:
    return ref(names[0]) if len(names) == 1 else {"anyOf": [ref(name) for name in names]}


def problem(text: str) -> dict[str, Any]:
    """An answer that says what is wrong."""
    return {"description": text, "content": {PROBLEM: {"schema": ref("Problem")}}}


def ref(name: str) -> dict[str, str]:
    """A schema of the document's components."""
    return {"$ref": f"#/components/schemas/{name}"}


def post(
    summary: str, bodies: list[str], examples: dict[str, Any], answers: list[str], *parameters: dict[str, Any]
) -> dict[str, Any]:
    """
    An operation that takes JSON.

    Args:
        summary: What it does.
        bodies: Schemas of which any may be sent.
        examples: Bodies by name.
        answers: Schemas of which any may come back; without any the answer is empty.
        parameters: Of the query and the headers.
    """
    is_once = any(parameter["name"] == IDEMPOTENCY_KEY for parameter in parameters)
    problems = {status: problem(text) for status, text in PROBLEMS.items() if is_once or status != "409"}
    named = {name: {"value": value} for name, value in examples.items()}
    content = {JSON: {"schema": _any_of(bodies), "examples": named}}
    success = _answered(answers) if answers else {"204": {"description": "Done."}}
    return {
        "summary": summary,
        "parameters": list(parameters),
        "requestBody": {"required": True, "content": content},
        "responses": {**success, **problems},
    }


def get(summary: str, *types: str) -> dict[str, Any]:
    """An operation that shows something as any of these types."""
    content: dict[str, Any] = {kind: {"schema": {"type": "object" if kind == JSON else "string"}} for kind in types}
    return {"summary": summary, "responses": {"200": {"description": summary, "content": content}}}


def with_query(operation: dict[str, Any], *parameters: dict[str, Any]) -> dict[str, Any]:
    """The operation, which these parameters narrow."""
    responses = {**operation["responses"], **{status: problem(PROBLEMS[status]) for status in ("422", "503")}}
    return {**operation, "parameters": list(parameters), "responses": responses}
