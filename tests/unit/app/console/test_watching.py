"""The console as somebody sees it who wants to know how the service stands, whatever is away."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog
from flask.testing import FlaskClient

from app.journal import Journal
from app.keys import Scope, new_key
from core.contract import Contract, NumericFeature, Target, Task
from core.documents import to_json_line
from core.drift import REPORT_NAME
from core.experiment import EXPERIMENT_NAME
from core.registry import DirectoryRegistry
from doubles.github import GitHub
from doubles.github.faults import Slow
from tests.busy_service import Folder, ask, fill, publish, running_experiment
from tests.drift_reports import crowded, make_report, worse_quality
from tests.factories import make_wide_bundle
from tests.github import REPOSITORY
from tests.journal import make_prediction
from tests.pages import seen, words

ADMIN, ADMIN_ENTRY = new_key("owner", [Scope.ADMIN])
PREDICT, PREDICT_ENTRY = new_key("asker", [Scope.PREDICT])
ALL, ALL_ENTRY = new_key("both", Scope)
KEYS = {"API_KEYS": f"{ADMIN_ENTRY},{PREDICT_ENTRY},{ALL_ENTRY}"}
FILLED = {"value.age": "30", "value.city": "Oslo"}
SECTIONS = ("traffic", "scores", "drift", "quality", "experiment", "deployments")
LACKS = "key 'asker' lacks the scope admin."
WHOLE = {"rows", "days", "judged", "labels", "predictions", "quiet_days", "allowed_quiet_days"}
# Of what is for admins only.
DATA = re.compile(
    r"in the last 24 hours|Half within|Rows by label|Checked 20|is known \(|of the subjects|scripts/deploy"
)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a service has that has run for weeks."""
    home = publish(tmp_path_factory.mktemp("console"))
    app = home.app()
    fill(app)
    journal: Journal = app.extensions["journal"]
    journal.store.close()
    return home.path


@pytest.fixture
def home(full: Path, tmp_path: Path) -> Iterator[Folder]:
    yield Folder(path=shutil.copytree(full, tmp_path / "home"))
    structlog.reset_defaults()


@pytest.fixture
def new(full: Path, tmp_path: Path) -> Iterator[Folder]:
    """The same without anything that it was asked or told."""
    yield Folder(path=shutil.copytree(full, tmp_path / "new", ignore=shutil.ignore_patterns("journal")))
    structlog.reset_defaults()


def text_of(client: FlaskClient, **how: str) -> str:
    return words(client.get("/", headers=how)).replace("\u00a0", " ")


def test_without_keys_everybody_sees_how_things_stand(home: Folder) -> None:
    app = home.app()
    ask(app)
    text = text_of(app.test_client())
    for said in (
        "State ✓ ready Serves model-v1.0.0 In production since 20",
        "✖ critical seats is absent from every row, and distance comes in another unit. More",
        "△ warning The model was trained 2026-04-01 12:00 UTC (",
        "2,372 requests with 4,744 rows in the last 24 hours",
        "/v1/predict 80 40 0",
        "city a category that training did not see 14",
        "model-v1.1.0 63 rows; most have a score from 0.7 to 0.75",
        "model-v1.0.0 champion yes 49 86 %",
        "distance ▲ alert The numbers are about 1.61 times as large",
        "The outcome of 5,310 of 5,993 predictions is known (88.6 %).",
        "auc 0.861 0.846 to 0.875 0.92 0.059 worse",
        "model-v1.1.0 answers 50 % of the subjects beside model-v1.0.0",
        "model-v1.0.0 ✓ serves production",
        "rolled back: 4 % of the requests failed",
        "accepted; passed: loss -10% against the base rate",
    ):
        assert said in text


def test_every_part_can_be_reached_named_and_read_out(home: Folder) -> None:
    app = home.app()
    ask(app, 3)
    client = app.test_client()
    for answer in (client.get("/"), client.post("/try", data=FILLED), client.post("/try", data={"value.city": ""})):
        page = seen(answer)
        ids = [str(each["id"]) for _, each in page.elements if "id" in each]
        assert len(ids) == len(set(ids))
        targets = {str(each["href"])[1:] for each in page.all("a") if str(each["href"]).startswith("#")}
        assert set(SECTIONS) <= targets <= set(ids)
        assert {each.get("aria-labelledby") for each in page.all("section")} <= set(ids)
        # A plot says what it shows, or stands beside a text that does.
        assert all(each.get("aria-label") or each.get("aria-hidden") for each in page.all("svg"))


def test_a_new_service_says_what_it_does_not_have_yet(new: Folder) -> None:
    text = text_of(new.app().test_client())
    for said in (
        "i info Drift was never checked; scripts/drift does. More",
        "No request of the last 24 hours is in the journal.",
        "Nothing was asked since the server started",
        "No row was answered since the server started.",
        "No check was reported yet; scripts/drift makes one.",
        "once outcomes are reported",
        "There is none: one model answers all.",
    ):
        assert said in text


def test_with_keys_one_of_scope_admin_shows_how_things_stand(home: Folder) -> None:
    client = home.app(**KEYS).test_client()
    for answer in (
        client.post("/", data={"key": ADMIN}),
        client.get("/", headers={"Authorization": f"Bearer {ADMIN}"}),
        client.post("/try", data=FILLED | {"key": ALL}),
        client.post("/try", data=FILLED | {"key": ADMIN}),
    ):
        assert DATA.search(words(answer))
        assert ADMIN not in answer.text
        assert "Set-Cookie" not in answer.headers
        assert [each for each in seen(answer).all("input") if each["id"] == "unlock"] == []
        assert seen(answer).all("form")[0]["id"] == "try"


@pytest.mark.parametrize("public", ["yes", "no"])
def test_others_see_the_model_and_a_sentence(home: Folder, public: str) -> None:
    client = home.app(**KEYS, PUBLIC_DOCS=public).test_client()
    answers = {
        "weak": client.post("/", data={"key": PREDICT}),
        "weak header": client.get("/", headers={"Authorization": f"Bearer {PREDICT}"}),
        "answer": client.post("/try", data=FILLED | {"key": PREDICT}),
        **({"stranger": client.get("/"), "empty": client.post("/", data={"key": ""})} if public == "yes" else {}),
    }
    for name, answer in answers.items():
        text = words(answer)
        assert answer.status_code == 200
        assert (
            "Traffic, latency, scores, drift, quality, the experiment and what served when are shown to those" in text
        )
        assert "Predicts whether churn is yes" in text
        assert "✓ ready" in text
        assert DATA.search(text) is None
        assert (LACKS in text) is name.startswith("weak")
        assert PREDICT not in answer.text


def test_a_wrong_key_is_told_where_it_was_typed_and_counted_as_everywhere(
    home: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    client = home.app(**KEYS).test_client()
    answers = [client.post("/", data={"key": "slip_hunter2"}) for _ in range(21)]
    assert [answer.status_code for answer in answers] == [401] * 20 + [429]
    for answer, said in ((answers[0], "none that is known here was sent."), (answers[-1], "too many wrong keys")):
        (unlock,) = (each for each in seen(answer).all("input") if each["id"] == "unlock")
        assert unlock["aria-invalid"] == "true"
        assert said in words(answer)
        assert DATA.search(words(answer)) is None
        assert "hunter2" not in answer.text
    assert "hunter2" not in capsys.readouterr().out
    assert client.post("/", data={"key": ADMIN}).status_code == 200


def test_whoever_looks_with_a_key_is_held_to_its_rate(home: Folder) -> None:
    client = home.app(**KEYS, RATE_LIMIT="2/minute").test_client()
    answers = [client.post("/", data={"key": ADMIN}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert DATA.search(words(answers[-1])) is None
    assert "at most 2 per 1 minute; try again in" in words(answers[-1])
    # What everybody may see is not counted.
    assert {client.get("/").status_code for _ in range(4)} == {200}


def test_a_password_of_a_proxy_on_the_way_is_no_wrong_key(home: Folder) -> None:
    client = home.app(**KEYS).test_client()
    basic = {"Authorization": "Basic b3duZXI6aHVudGVyMg=="}
    assert {client.get("/", headers=basic).status_code for _ in range(25)} == {200}
    assert DATA.search(words(client.post("/", data={"key": ADMIN}, headers=basic)))


def test_a_store_that_is_away_leaves_a_page_and_no_password(home: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    client = home.app(DATABASE_URL="postgresql://me:hunter2@127.0.0.1:1/journal").test_client()
    answer = client.get("/")
    text = words(answer)
    assert answer.status_code == 200
    assert "! error The journal's store cannot be read: the journal at postgresql://me:***@127.0.0.1:1/journal" in text
    assert text.count("cannot be read") == 4
    # No metric that is read from it holds up the page.
    assert "the metrics of the journal may be old" not in capsys.readouterr().out
    assert "✓ ready" in text
    assert "model-v1.0.0 ✓ serves production" in text
    assert "hunter2" not in answer.text


def test_a_store_that_fills_is_named(new: Folder) -> None:
    app = new.app(JOURNAL_STORE_LIMIT_BYTES="1000000")
    inputs = msgspec.Raw(msgspec.json.encode({"age": [30.0] * 200_000}))
    app.extensions["journal"].store.add([make_prediction(inputs=inputs)])
    assert "MB of 1 MB that it may." in text_of(app.test_client())


def test_counts_that_cannot_be_read_leave_a_page(
    home: Folder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = home.path / "metrics"
    folder.mkdir()
    # Fifty bytes are used, the first key takes more.
    (folder / "counter_1.db").write_bytes(b"\x32\0\0\0\0\0\0\0\xff\xff\xff\x7f" + bytes(88))
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(folder))
    answer = home.app(PROMETHEUS_MULTIPROC_DIR=str(folder)).test_client().get("/")
    assert answer.status_code == 200
    assert "model-v1.0.0 ✓ serves production" in words(answer)
    assert "what the workers counted cannot be read" in capsys.readouterr().out


def test_a_ledger_that_cannot_be_read_leaves_a_page(home: Folder) -> None:
    (home.path / "ledger.jsonl").write_text("no JSON\n")
    text = text_of(home.app().test_client())
    assert "i info The ledger cannot be read: " in text
    assert "line 1" in text
    assert "in the last 24 hours" in text
    assert "In production since" not in text


def test_a_ledger_that_is_slow_holds_no_page_up(home: Folder, github: GitHub) -> None:
    token = github.token(contents="read", deployments="read")
    variables = {"GITHUB_API_URL": github.api_url, "GITHUB_SERVER_URL": github.server_url, "GITHUB_TOKEN": token}
    client = home.app(DEPLOYMENT_LEDGER=f"github:{REPOSITORY}", **variables).test_client()
    github.plant(Slow(seconds=3600), path="*/deployments")
    text = text_of(client)
    assert "i info The ledger cannot be read: it has not answered within 1.5 s; look again in a moment. More" in text
    assert "in the last 24 hours" in text
    # It is asked once, however many look.
    assert "it has not answered within 1.5 s" in text_of(client)


def test_a_report_that_is_none_leaves_the_rest(home: Folder) -> None:
    client = home.app().test_client()
    journal: Journal = client.application.extensions["journal"]
    journal.keep({REPORT_NAME: b'{"line": 5}'})
    client = home.app().test_client()
    text = text_of(client)
    assert "! error The report of the last drift check cannot be read: " in text
    assert "Drift was never checked" not in text
    assert "in the last 24 hours" in text


def test_numbers_that_no_float_can_hold_leave_a_page(home: Folder) -> None:
    report = msgspec.json.decode(to_json_line(crowded(2)))
    quality = msgspec.json.decode(to_json_line(make_report(quality=(worse_quality(),))))["quality"]
    report = _with_every_whole_number(report | {"quality": quality}, 10**400)
    client = home.app().test_client()
    journal: Journal = client.application.extensions["journal"]
    journal.keep({REPORT_NAME: json.dumps(report | {"format": 1}).encode()})
    assert "The report of the last drift check cannot be read" not in text_of(client)
    assert f"{10**400:,} rows" in text_of(client)


def _with_every_whole_number(value: Any, number: int) -> Any:
    if isinstance(value, dict):
        return {key: number if key in WHOLE else _with_every_whole_number(each, number) for key, each in value.items()}
    return [_with_every_whole_number(each, number) for each in value] if isinstance(value, list) else value


def test_an_experiment_that_cannot_be_followed_is_named(home: Folder) -> None:
    client = home.app().test_client()
    kept = json.loads(client.get("/v1/experiment").text)["experiment"]
    journal: Journal = client.application.extensions["journal"]
    journal.keep({"experiment": json.dumps(kept | {"challenger": "model-v7.0.0"}).encode()})
    assert "! error The experiment is not followed: model-v7.0.0" in text_of(home.app().test_client())


def test_a_service_that_is_not_ready_says_so_first(home: Folder) -> None:
    client = home.app(JOURNAL_SPOOL_BYTES="100000", **KEYS).test_client()
    journal: Journal = client.application.extensions["journal"]
    journal.spool.append(b" " * 99_000)
    assert client.get("/readyz").status_code == 503
    shown = words(client.post("/", data={"key": ADMIN}))
    assert "State ✖ not ready" in shown
    assert "✖ critical The service is not ready, and answers no predictions: " in shown
    assert "What waits for the journal's store takes 99 kB of 100 kB that it may." in shown.replace("\u00a0", " ")
    # /readyz says it to everybody.
    assert "holds nearly the 100000 bytes that it may" in words(client.get("/"))


def test_what_serves_by_the_ledger_is_held_against_what_does(home: Folder) -> None:
    client = home.app(MODEL_TAG="model-v1.1.0").test_client()
    # It serves staging.
    assert "By the ledger" not in text_of(client)
    (home.path / "ledger.jsonl").write_bytes(
        b"".join(line for line in (home.path / "ledger.jsonl").read_bytes().splitlines(keepends=True)[:4])
    )
    assert "By the ledger other tags serve (model-v1.0.0 production), not model-v1.1.0." in text_of(
        home.app(MODEL_TAG="model-v1.1.0").test_client()
    )


def test_forty_features_and_a_report_full_of_findings_are_less_than_100_kb(tmp_path: Path) -> None:
    names = [f"a feature of some length {number:02}" for number in range(40)]
    numbers = tuple(NumericFeature(name=name, unit="EUR", low=0, high=1e6, description=f"{name}.") for name in names)
    contract = Contract(features=numbers, target=Target(name="churn", task=Task.BINARY, classes=("no", "yes")))
    registry = DirectoryRegistry(tmp_path / "registry")
    registry.publish(make_wide_bundle(tmp_path / "bundle", contract))
    app = Folder(path=tmp_path).app()
    journal: Journal = app.extensions["journal"]
    journal.keep({REPORT_NAME: to_json_line(crowded(40)), EXPERIMENT_NAME: to_json_line(running_experiment())})
    journal.store.add([make_prediction(at=time.time_ns() // 1000 - hour * 3_600_000_000) for hour in range(24)])
    client = app.test_client()
    client.post("/v1/predict", json=dict.fromkeys(names, 1.0))
    parts = [client.get(path) for path in ("/", "/console/console.css", "/console/console.js")]
    assert "column_039" in parts[0].text
    # Before they are packed, which makes a quarter of them.
    assert sum(len(part.data) for part in parts) < 100_000
    for part in parts:
        part.close()
