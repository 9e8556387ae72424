"""GitHub's OpenAPI document, to which every request and every answer is held."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from werkzeug.datastructures import Headers, MultiDict

DOCUMENT = Path(__file__).parent / "openapi" / "github-subset.openapi.json"
HOSTS = {"api": "https://api.github.com", "uploads": "https://uploads.github.com"}


@dataclass(kw_only=True)
class CheckedRequest:
    """A request as openapi-core reads it, under the name of GitHub's own host."""

    host_url: str
    path: str
    method: str
    content_type: str
    body: bytes | None
    parameters: RequestParameters = field(default_factory=RequestParameters)


@dataclass(frozen=True, kw_only=True)
class CheckedAnswer:
    """An answer as openapi-core reads it."""

    status_code: int
    data: bytes
    content_type: str
    headers: Headers


class Contract:
    """What GitHub's document says of requests and answers."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        # Of types that it does not know openapi-core keeps the bytes.
        texts: dict[str, Callable[[bytes], Any]] = {"application/vnd.github.sha": bytes.decode}
        self._openapi = OpenAPI.from_dict(dict(document), config=Config(extra_media_type_deserializers=texts))

    def faults_of_request(self, request: CheckedRequest) -> list[str]:
        """What the document has against a request; nothing if it is sound."""
        return _sentences(self._openapi.iter_request_errors(request))

    def faults_of_answer(self, request: CheckedRequest, answer: CheckedAnswer) -> list[str]:
        """What the document has against an answer; nothing if it is sound."""
        return _sentences(self._openapi.iter_response_errors(request, answer))


@cache
def github_contract() -> Contract:
    """The contract of GitHub's own document; building it takes a tenth of a second, so it is shared."""
    return Contract(amended(json.loads(DOCUMENT.read_bytes())))


def amended(document: dict[str, Any]) -> dict[str, Any]:
    """
    Add what GitHub answers but its document leaves out.

    - Any operation may fail with a status that it does not list (401, 403, 429, 5xx), with a body like that of those it
      lists, or be answered with 304.
    - An asset whose upload broke is in state `starter`, of which only prose speaks.
    - Where one of a few words may be null, OpenAPI 3.0 wants null among the words.
    - Runs are found by spans of time (`>=2026-01-01`), though the parameter is said to be one moment.
    - The body of an issue that has none is null in a search, too.
    """
    error = {
        "description": "",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/basic-error"}}},
    }
    for operations in document["paths"].values():
        for operation in operations.values():
            others = {"304": {"description": ""}, "4XX": error, "5XX": error}
            operation["responses"] = others | operation["responses"]
    schemas = document["components"]["schemas"]
    schemas["release-asset"]["properties"]["state"]["enum"].append("starter")
    schemas["issue-search-result-item"]["properties"]["body"]["nullable"] = True
    del document["components"]["parameters"]["created"]["schema"]["format"]
    _let_null_be_a_word(document)
    return document


def _let_null_be_a_word(node: Any) -> None:
    if isinstance(node, dict):
        if node.get("nullable") is True and None not in node.get("enum", [None]):
            node["enum"].append(None)
        for child in node.values():
            _let_null_be_a_word(child)
    if isinstance(node, list):
        for child in node:
            _let_null_be_a_word(child)


def checked_request(
    *,
    site: str,
    template: str,
    values: Mapping[str, str],
    method: str,
    query: MultiDict[str, str],
    headers: Headers,
    body: bytes,
) -> CheckedRequest:
    """A request to one of GitHub's paths; slashes inside a name (`tags/v1`) are escaped, as openapi-core wants them."""
    path = template.format(**{name: quote(value, safe="") for name, value in values.items()})
    content_type = headers.get("Content-Type", "").lower()
    return CheckedRequest(
        host_url=HOSTS[site],
        path=path,
        method=method.lower(),
        # The document knows one type for uploads; GitHub takes any, and keeps it as the asset's.
        content_type="application/octet-stream" if site == "uploads" else content_type,
        body=body or None,
        parameters=RequestParameters(query=query, header=headers),
    )


def _sentences(errors: Iterable[Exception]) -> list[str]:
    return [sentence for error in errors for sentence in _told(error)]


def _told(error: Exception) -> list[str]:
    """The schema's own words and the places they speak of, without the whole document that openapi-core quotes."""
    reasons = [
        f"{type(error).__name__} at {reason.json_path}: {reason.message[:300]}"
        for reason in getattr(error.__cause__, "schema_errors", ())
    ]
    return reasons or [f"{error}: {error.__cause__}" if error.__cause__ else str(error)]
