"""
How GitHub says no.

Refusal
├── NotFound, Unauthorized, Forbidden, Gone
└── Unprocessable
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DOCUMENTATION = "https://docs.github.com/rest"


class Refusal(Exception):
    """An answer with a status from 400 on."""

    def __init__(
        self, status: int, message: str, *, errors: list[Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        self.status, self.message, self.errors, self.headers = status, message, errors, dict(headers or {})
        super().__init__(f"{status} {message}")

    @property
    def body(self) -> dict[str, Any]:
        """What GitHub's JSON says of it."""
        body: dict[str, Any] = {"message": self.message, "documentation_url": DOCUMENTATION, "status": str(self.status)}
        return body if self.errors is None else body | {"errors": self.errors}


class NotFound(Refusal):
    """There is no such thing, or the caller may not know of it."""

    def __init__(self) -> None:
        super().__init__(404, "Not Found")


class Forbidden(Refusal):
    """The token lacks a permission."""

    def __init__(self, message: str = "Resource not accessible by integration") -> None:
        super().__init__(403, message)


class Gone(Refusal):
    """The feature is switched off."""

    def __init__(self, message: str) -> None:
        super().__init__(410, message)


class Unauthorized(Refusal):
    """The token is wrong, or there is none where one is needed."""

    def __init__(self, message: str) -> None:
        super().__init__(401, message)


class Unprocessable(Refusal):
    """The request is well formed, but cannot be done."""

    def __init__(self, message: str = "Validation Failed", *, errors: list[Any] | None = None) -> None:
        super().__init__(422, message, errors=errors)


def invalid(resource: str, field: str, code: str, message: str | None = None) -> Unprocessable:
    """
    A field that is refused.

    Args:
        resource: Of what kind, such as `Release`.
        field: The field's name.
        code: GitHub's word for the reason, such as `already_exists`, `invalid`, `missing_field` or `custom`.
        message: The reason as a sentence, which comes with `custom`.
    """
    error = {"resource": resource, "code": code, "field": field}
    return Unprocessable(errors=[error if message is None else error | {"message": message}])
