"""Who may do what."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from app import create_app
from app.keys import Scope, new_key
from app.settings import ServiceSettings
from core.errors import SettingsError
from core.registry import DirectoryRegistry

ROW = {"age": 30, "city": "Oslo"}
# Two live keys of each scope, and one of every scope.
KEYS = {
    **{f"{scope}-{number}": new_key(scope, [scope]) for scope in Scope for number in (1, 2)},
    "all": new_key("all", Scope),
}
ENTRIES = ",".join(str(key) for _, key in KEYS.values())
GOOD_ID = "0" * 32

# What a route needs; None for nothing, "any" for a key of any scope where the documents are not public.
ROUTES: list[tuple[str, str, dict[str, Any], Scope | str | None]] = [
    ("POST", "/v1/predict", {"json": ROW}, Scope.PREDICT),
    ("POST", "/v1/predict/batch", {"json": {"rows": [ROW]}}, Scope.PREDICT),
    ("POST", "/v1/outcomes", {"json": {"id": GOOD_ID, "outcome": "yes"}}, Scope.OUTCOMES),
    ("GET", "/v1/journal", {}, Scope.ADMIN),
    ("GET", "/v1/journal/outcomes", {}, Scope.ADMIN),
    ("GET", "/v1/journal/span", {}, Scope.ADMIN),
    ("POST", "/v1/drift", {"json": {}}, Scope.ADMIN),
    ("GET", "/v1/drift", {}, Scope.ADMIN),
    ("GET", "/v1/drift/memory", {}, Scope.ADMIN),
    ("GET", "/v1/experiment", {}, Scope.ADMIN),
    ("PUT", "/v1/experiment", {"json": {}}, Scope.ADMIN),
    ("GET", "/metrics", {}, Scope.ADMIN),
    ("GET", "/v1/model", {}, "any"),
    ("GET", "/v1/model/card", {}, "any"),
    ("GET", "/v1/model/card-scores.svg", {}, "any"),
    ("GET", "/openapi.json", {}, "any"),
    ("GET", "/docs", {}, "any"),
    ("GET", "/docs/", {}, "any"),
    ("GET", "/docs/swagger-ui.css", {}, "any"),
    ("GET", "/", {}, "any"),
    ("POST", "/", {"data": {"key": ""}}, "any"),
    ("POST", "/try", {"data": {"value.city": "Oslo"}}, Scope.PREDICT),
    ("GET", "/console/console.css", {}, None),
    ("GET", "/livez", {}, None),
    ("GET", "/readyz", {}, None),
]

Start = Callable[..., FlaskClient]


@pytest.fixture
def start(registry: DirectoryRegistry, environment: dict[str, str]) -> Start:
    def make(**variables: str) -> FlaskClient:
        return create_app(ServiceSettings.from_env(environment | variables), registry=registry).test_client()

    return make


def bearer(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {KEYS[name][0]}"}


def status_of(client: FlaskClient, method: str, path: str, **content: Any) -> int:
    with client.open(path, method=method, **content) as answer:
        return answer.status_code


@pytest.mark.parametrize("public", ["yes", "no"])
def test_the_matrix_of_who_may_do_what(start: Start, public: str) -> None:
    client = start(API_KEYS=ENTRIES, PUBLIC_DOCS=public)
    for method, path, content, needed in ROUTES:
        is_open = needed is None or (needed == "any" and public == "yes")
        stranger = status_of(client, method, path, **content)
        assert (stranger == 401) is not is_open, path
        for name, (_, key) in KEYS.items():
            status = status_of(client, method, path, headers=bearer(name), **content)
            may = is_open or needed == "any" or needed in key.scopes
            assert (status in {401, 403}) is not may, f"{name} {method} {path}: {status}"
            assert may or status == 403


def test_every_route_is_in_the_matrix(start: Start) -> None:
    client = start(API_KEYS=ENTRIES)
    rules = {rule.rule for rule in client.application.url_map.iter_rules()}
    covered = {
        client.application.url_map.bind("x").match(path, method, return_rule=True)[0].rule
        for method, path, _, _ in ROUTES
    }
    assert rules - covered == {"/docs/<path:path>"} - covered


def test_a_route_that_nobody_thought_of_needs_admin(start: Start) -> None:
    client = start(API_KEYS=ENTRIES)
    client.application.add_url_rule("/new", view_func=lambda: "new")

    assert client.get("/new").status_code == 401
    assert client.get("/new", headers=bearer("predict-1")).status_code == 403
    assert client.get("/new", headers=bearer("admin-1")).status_code == 200


def test_a_missing_key_is_asked_for_and_a_weak_one_named(start: Start) -> None:
    client = start(API_KEYS=ENTRIES)
    missing, weak = client.get("/v1/journal"), client.get("/v1/journal", headers=bearer("predict-1"))

    assert missing.headers["WWW-Authenticate"] == "Bearer"
    assert missing.get_json(force=True)["detail"] == "send a key as Authorization: Bearer KEY"
    assert weak.get_json(force=True)["detail"] == "key 'predict' lacks the scope admin"


def test_nothing_is_read_or_scored_for_a_stranger(start: Start) -> None:
    client = start(API_KEYS=ENTRIES)

    assert client.post("/v1/predict", data=b"x" * 90_000, content_type="text/plain").status_code == 401


def test_an_unknown_path_is_not_there_for_anybody(start: Start) -> None:
    client = start(API_KEYS=ENTRIES)

    assert client.get("/nope").status_code == 404
    assert client.get("/v1/predict").status_code == 405


def test_wrong_keys_are_logged_without_the_key_and_after_twenty_no_more(
    start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    client = start(API_KEYS=ENTRIES)
    wrong = {"Authorization": "Bearer slip_hunter2"}
    statuses = [client.post("/v1/predict", json=ROW, headers=wrong).status_code for _ in range(25)]
    later = client.post("/v1/predict", json=ROW, headers=wrong)
    output = capsys.readouterr().out

    assert statuses == [401] * 20 + [429] * 5
    assert 0 < int(later.headers["Retry-After"]) <= 61
    assert "hunter2" not in output
    assert sum(json.loads(line)["event"] == "a key was refused" for line in output.splitlines()) == 20
    # Behind a proxy callers share the address of strangers.
    assert client.post("/v1/predict", json=ROW, headers=bearer("all")).status_code == 200
    assert client.post("/v1/predict", json=ROW).status_code == 401


@pytest.mark.parametrize("keys", ["", ENTRIES])
def test_a_caller_is_held_to_its_rate(start: Start, keys: str) -> None:
    client = start(API_KEYS=keys, RATE_LIMIT="5/minute")
    statuses = [client.post("/v1/predict", json=ROW, headers=bearer("predict-1")).status_code for _ in range(7)]
    late = client.post("/v1/predict", json=ROW, headers=bearer("predict-1"))

    assert statuses == [200] * 5 + [429] * 2
    assert late.get_json(force=True)["detail"] == "at most 5 per 1 minute"
    assert 0 < int(late.headers["Retry-After"]) <= 61
    if keys:
        assert client.post("/v1/predict", json=ROW, headers=bearer("all")).status_code == 200
    # Health is never refused.
    assert {client.get("/livez").status_code for _ in range(20)} == {200}


PRODUCTION = {"APP_ENV": "production", "API_KEYS": ENTRIES, "MODEL_TAG": "model-v1.0.0"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"API_KEYS": ""}, "API_KEYS: APP_ENV=production needs a key of scope predict"),
        ({"API_KEYS": str(KEYS["admin-1"][1])}, "API_KEYS: APP_ENV=production needs a key of scope predict"),
        ({"MODEL_TAG": ""}, "MODEL_TAG: APP_ENV=production needs a tag"),
        ({"LOG_LEVEL": "debug"}, "LOG_LEVEL: APP_ENV=production takes info, warning or error"),
        ({"CORS_ORIGINS": "https://a.example, *"}, "CORS_ORIGINS: APP_ENV=production takes the sites by name"),
    ],
)
def test_production_refuses_what_is_unsafe(changes: dict[str, str], words: str) -> None:
    with pytest.raises(SettingsError, match=words.replace("*", r"\*")):
        ServiceSettings.from_env(PRODUCTION | changes)


def test_production_names_everything_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        ServiceSettings.from_env({"APP_ENV": "production", "LOG_LEVEL": "debug", "CORS_ORIGINS": "*"})
    assert len(caught.value.faults) == 4


def test_production_shows_its_documents_to_callers_only(start: Start) -> None:
    client = start(**PRODUCTION)

    assert client.get("/openapi.json").status_code == 401
    assert client.get("/openapi.json", headers=bearer("outcomes-2")).status_code == 200
    assert client.get("/livez").status_code == 200


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("APP_ENV", "prod", "takes development or production"),
        ("RATE_LIMIT", "many", "takes a rate such as 600/minute"),
        ("RATE_LIMIT_STORAGE", "mongodb://user:secret@x", "takes memory:// or the URL of a Redis"),
        ("PUBLIC_DOCS", "true", "takes yes or no"),
        ("TRUSTED_PROXIES", "-1", "takes a whole number from 0 to 9"),
    ],
)
def test_a_malformed_setting_is_named(name: str, value: str, words: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}: {words}") as caught:
        ServiceSettings.from_env({name: value})
    assert "secret" not in str(caught.value)


def test_every_answer_carries_the_headers_that_protect_it(start: Start) -> None:
    client = start(API_KEYS=ENTRIES)
    for method, path, content, _ in ROUTES:
        for headers in ({}, bearer("all")):
            with client.open(path, method=method, headers=headers, **content) as answer:
                found = answer.headers
            assert found["X-Content-Type-Options"] == "nosniff"
            assert found["X-Frame-Options"] == "DENY"
            assert found["Content-Security-Policy"].startswith(("default-src 'none'", "default-src 'self'"))
            assert found["Referrer-Policy"] == "no-referrer"
            assert "Strict-Transport-Security" not in found
            assert "Access-Control-Allow-Origin" not in found


def test_other_sites_may_call_only_if_they_are_named(start: Start) -> None:
    client = start(CORS_ORIGINS="https://a.example")
    ours = client.post("/v1/predict", json=ROW, headers={"Origin": "https://a.example"})
    theirs = client.post("/v1/predict", json=ROW, headers={"Origin": "https://b.example"})
    asked = client.options(
        "/v1/predict", headers={"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}
    )

    assert ours.headers["Access-Control-Allow-Origin"] == "https://a.example"
    assert "Access-Control-Allow-Origin" not in theirs.headers
    assert asked.headers["Access-Control-Allow-Origin"] == "https://a.example"
    assert "Idempotency-Replayed" in ours.headers["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Origin" not in client.get("/livez", headers={"Origin": "https://a.example"}).headers


@pytest.mark.parametrize(("hops", "address", "secure"), [("0", "127.0.0.1", False), ("1", "203.0.113.7", True)])
def test_a_proxy_is_believed_only_as_far_as_it_is_trusted(
    start: Start, capsys: pytest.CaptureFixture[str], hops: str, address: str, secure: bool
) -> None:
    client = start(API_KEYS=ENTRIES, TRUSTED_PROXIES=hops)
    forwarded = {"X-Forwarded-For": "198.51.100.1, 203.0.113.7", "X-Forwarded-Proto": "https"}
    answer = client.post("/v1/predict", json=ROW, headers=forwarded | {"Authorization": "Bearer wrong"})
    refused = [
        line for line in map(json.loads, capsys.readouterr().out.splitlines()) if line["event"] == "a key was refused"
    ]

    assert [line["address"] for line in refused] == [address]
    assert ("Strict-Transport-Security" in answer.headers) is secure
