"""The key or token that a request to a service carries."""

from __future__ import annotations

import requests
from requests.auth import AuthBase


class Bearer(AuthBase):
    """Sets a key, or nothing at all: the library would look for another password in the caller's netrc."""

    def __init__(self, key: str) -> None:
        """
        Args:
            key: Empty for none.
        """
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Set it in place of any other."""
        request.headers.pop("Authorization", None)
        if self._key:
            request.headers["Authorization"] = f"Bearer {self._key}"
        return request
