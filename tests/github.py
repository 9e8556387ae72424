"""Callers of GitHub's double: as plain as a client can be, and Slipway's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import requests

from core.github import client
from core.github.settings import GitHubSettings
from core.github.transport import Transport
from doubles.github import GitHub

REPOSITORY = "acme/forecast"
TIMEOUT_S = 10
EVERYTHING: dict[str, Any] = dict.fromkeys(
    ("actions", "administration", "contents", "deployments", "issues", "secrets", "variables"), "write"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """Somebody with a token, or without, who calls the API about one repository."""

    github: GitHub
    token: str | None = None
    repository: str = REPOSITORY

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: dict[str, str] | None = None,
        data: bytes | None = None,
        query: dict[str, str] | None = None,
        follow: bool = True,
    ) -> requests.Response:
        """Send a request, to a whole address or to a path below the repository."""
        base = f"{self.github.api_url}/repos/{self.repository}/"
        mine = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        return requests.request(
            method,
            path if path.startswith("http") else base + path,
            json=body,
            data=data,
            params=query,
            headers=mine | (headers or {}),
            timeout=TIMEOUT_S,
            allow_redirects=follow,
        )

    def draft(self, tag: str = "model-v1.0.0", **wish: Any) -> dict[str, Any]:
        """A new draft."""
        return made(self.ask("POST", "releases", {"tag_name": tag, "draft": True} | wish))

    def upload(self, release: dict[str, Any], name: str = "model.onnx", content: bytes = b"model") -> requests.Response:
        """Upload an asset."""
        return self.ask(
            "POST",
            release["upload_url"].partition("{")[0],
            data=content,
            query={"name": name},
            headers={"Content-Type": "application/octet-stream"},
        )

    def publish(self, release: dict[str, Any], **wish: Any) -> requests.Response:
        """Publish a draft."""
        return self.ask("PATCH", release["url"], {"draft": False} | wish)

    def released(self, tag: str = "model-v1.0.0", content: bytes = b"model", **wish: Any) -> dict[str, Any]:
        """A published release with one asset, `model.onnx`."""
        draft = self.draft(tag, **wish)
        made(self.upload(draft, content=content))
        return made(self.publish(draft))

    def issue(self, **wish: Any) -> dict[str, Any]:
        """A new issue."""
        return made(self.ask("POST", "issues", {"title": "Drift"} | wish))


def made(response: requests.Response) -> dict[str, Any]:
    """The document of an answer that says that all went well."""
    assert response.ok, response.text
    document: dict[str, Any] = response.json()
    return document


def refusal(response: requests.Response) -> tuple[int, str]:
    """The status and what GitHub says: its message, or the code or message of its first error."""
    document = response.json()
    first = (document.get("errors") or [{}])[0]
    return response.status_code, first.get("message") or first.get("code") or document["message"]


def make_client(github: GitHub, token: str = "") -> client.GitHub:
    """Slipway's own client of the double, which does not wait before it tries again."""
    settings = GitHubSettings(repository=REPOSITORY, api_url=github.api_url, server_url=github.server_url, token=token)
    return client.GitHub(settings, Transport(settings, sleep=lambda _: None))


def sent(github: GitHub) -> list[str]:
    """What was changed at the double: method and path below the repository, in order."""
    base = f"/repos/{REPOSITORY}/"
    return [f"{call.method} {call.path.removeprefix(base)}" for call in github.calls if call.method != "GET"]
