"""Every answer is in the journal, or there is no answer."""

from __future__ import annotations

import gzip
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app
from app.settings import ServiceSettings
from core.contract import Task
from core.errors import SettingsError
from core.registry import DirectoryRegistry

ONE, MANY, JOURNAL, REPORTED = "/v1/predict", "/v1/predict/batch", "/v1/journal", "/v1/journal/outcomes"
ROW: dict[str, Any] = {"age": 30, "city": "Oslo"}


def lines(answer: TestResponse) -> list[dict[str, Any]]:
    assert (answer.status_code, answer.content_type) == (200, "application/x-ndjson")
    return [json.loads(line) for line in answer.data.splitlines()]


@pytest.mark.parametrize("task", list(Task))
def test_an_answer_and_its_row_are_in_the_journal(client: FlaskClient) -> None:
    row = {"age": 99, "city": "Bern"}
    answer = client.post(ONE, json=row, headers={"X-Request-ID": "abc"}).get_json()

    (line,) = lines(client.get(JOURNAL))
    assert line["inputs"] == row
    written = set(answer) - {"model_tag", "warnings", "low", "high"}
    assert {name: line[name] for name in written} == {name: answer[name] for name in written}
    assert (line["tag"], line["arm"], line["subject"], line["request_id"]) == ("model-v1.0.0", "champion", None, "abc")
    assert line["warnings"] == [{"field": w["field"], "code": w["code"]} for w in answer["warnings"]]
    assert line["latency_ms"] > 0
    assert line["at"].endswith("Z")


def test_the_span_is_that_of_the_oldest_and_the_newest_row(client: FlaskClient) -> None:
    assert client.get(f"{JOURNAL}/span").get_json() == {"oldest": None, "newest": None}

    for _ in range(2):
        client.post(ONE, json=ROW)
    found = [line["at"] for line in lines(client.get(JOURNAL))]
    assert client.get(f"{JOURNAL}/span").get_json() == {"oldest": found[0], "newest": found[1]}


@pytest.mark.parametrize("task", list(Task))
@pytest.mark.parametrize("columnar", [False, True])
def test_the_rows_of_a_batch_have_ids_of_their_own(client: FlaskClient, columnar: bool) -> None:
    rows: list[dict[str, Any]] = [{"age": None, "city": "Oslo"}, {"age": 99, "city": "Bern"}]
    columns = {name: [row[name] for row in rows] for name in ROW}
    answer = client.post(MANY, json={"columns": columns} if columnar else {"rows": rows}).get_json()
    ids = answer["columns"]["id"] if columnar else [row["id"] for row in answer["predictions"]]

    found = lines(client.get(JOURNAL))
    assert [line["id"] for line in found] == ids == sorted(set(ids))
    assert [line["inputs"] for line in found] == rows
    assert [len(line["warnings"]) for line in found] == [0, 2]
    assert len({line["cursor"] for line in found}) == 1


@pytest.mark.parametrize("path", [ONE, MANY])
def test_without_a_key_no_subject_is_written_down(client: FlaskClient, path: str) -> None:
    client.post(path, json=ROW if path == ONE else {"rows": [ROW]}, headers={"X-Subject": "anna@example.org"})

    (line,) = lines(client.get(JOURNAL))
    assert line["subject"] is None


class TestSubjects:
    @pytest.fixture
    def environment(self, environment: dict[str, str]) -> dict[str, str]:
        return environment | {"SUBJECT_KEY": "k" * 32}

    def test_a_subject_is_known_again_and_by_nobody_else(self, client: FlaskClient) -> None:
        for path, name in ((ONE, "anna"), (MANY, "anna"), (ONE, "bert")):
            client.post(path, json=ROW if path == ONE else {"rows": [ROW]}, headers={"X-Subject": name})
        client.post(ONE, json=ROW)

        anna, again, bert, nobody = (line["subject"] for line in lines(client.get(JOURNAL)))
        # The first half of an HMAC with SHA-256, by Python's own hmac module.
        assert anna == hmac.new(b"k" * 32, b"anna", "sha256").hexdigest()[:32]
        assert (again, nobody) == (anna, None)
        assert bert not in {anna, None}

    @pytest.mark.parametrize("name", ["", "x" * 256, "a b", "\xe9"])
    @pytest.mark.parametrize("path", [ONE, MANY])
    def test_a_malformed_subject_is_refused(self, client: FlaskClient, path: str, name: str) -> None:
        body = ROW if path == ONE else {"rows": [ROW]}
        answer = client.post(path, json=body, headers={"X-Subject": name})

        assert answer.status_code == 422
        assert answer.get_json()["errors"][0]["field"] == "X-Subject"
        assert not lines(client.get(JOURNAL))


def test_skipped_rows_are_not_in_the_journal(client: FlaskClient) -> None:
    answer = client.post(f"{MANY}?on_error=skip", json={"rows": [{}, ROW, {}]}).get_json()
    client.post(f"{MANY}?on_error=skip", json={"rows": [{}]})

    assert [line["id"] for line in lines(client.get(JOURNAL))] == [answer["predictions"][1]["id"]]


@pytest.mark.parametrize("body", [{}, {"rows": [ROW, {}]}])
def test_what_was_refused_is_not_in_the_journal(client: FlaskClient, body: Any) -> None:
    assert client.post(MANY if "rows" in body else ONE, json=body).status_code == 422

    assert lines(client.get(JOURNAL)) == []


def test_a_reader_goes_on_after_its_cursor(client: FlaskClient) -> None:
    made = [client.post(ONE, json=ROW).get_json()["id"] for _ in range(5)]
    first = lines(client.get(f"{JOURNAL}?limit=2"))
    rest = lines(client.get(f"{JOURNAL}?after={first[-1]['cursor']}"))

    assert [line["id"] for line in first + rest] == made
    assert lines(client.get(f"{JOURNAL}?after={rest[-1]['cursor']}")) == []


def test_pages_of_the_store_do_not_show(client: FlaskClient) -> None:
    made = [client.post(ONE, json=ROW).get_json()["id"] for _ in range(205)]

    assert [line["id"] for line in lines(client.get(JOURNAL))] == made
    assert len(lines(client.get(f"{JOURNAL}?limit=150"))) == 150


def test_a_window_of_time(client: FlaskClient) -> None:
    client.post(ONE, json=ROW)
    (line,) = lines(client.get(JOURNAL))

    assert len(lines(client.get(JOURNAL, query_string={"since": line["at"]}))) == 1
    assert len(lines(client.get(JOURNAL, query_string={"until": line["at"]}))) == 0
    assert len(lines(client.get(f"{JOURNAL}?since=2020-01-01&until=2020-01-02T00:00:00+02:00"))) == 0


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("after=-1", "after"),
        ("after=x", "after"),
        ("after=99999999999999999999", "after"),
        ("limit=0", "limit"),
        ("after=", "after"),
        ("since=", "since"),
        ("limit=100001", "limit"),
        ("limit=\u0661", "limit"),
        ("since=yesterday", "since"),
        ("until=2026-13-01", "until"),
        ("outcomes=yes", "outcomes"),
        ("outcomes=True", "outcomes"),
        ("outcomes=", "outcomes"),
    ],
)
@pytest.mark.parametrize("path", [JOURNAL])
def test_a_malformed_query_is_named(client: FlaskClient, path: str, query: str, field: str) -> None:
    answer = client.get(f"{path}?{query}")

    assert answer.status_code == 422
    assert [fault["field"] for fault in answer.get_json(force=True)["errors"]] == [field]


def test_the_journal_comes_compressed_to_those_who_ask(client: FlaskClient) -> None:
    client.post(MANY, json={"rows": [ROW] * 200})
    plain = client.get(JOURNAL)
    packed = client.get(JOURNAL, headers={"Accept-Encoding": "gzip"})

    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 5
    assert "Content-Encoding" not in client.get(JOURNAL, headers={"Accept-Encoding": "gzip;q=0, br"}).headers


def report(client: FlaskClient, *outcomes: tuple[str, Any]) -> dict[str, Any]:
    answer = client.post(
        "/v1/outcomes", json={"outcomes": [{"id": made, "outcome": value} for made, value in outcomes]}
    )
    assert answer.status_code == 200
    found: dict[str, Any] = answer.get_json()
    return found


NOTHING = {
    "accepted": 0,
    "repeated": 0,
    "contradicted": [],
    "contradicted_count": 0,
    "unknown_ids": [],
    "unknown_count": 0,
    "checked": True,
}


@pytest.mark.parametrize("task", [Task.REGRESSION])
def test_the_ends_of_an_interval_are_not_kept_as_they_follow_from_the_value(client: FlaskClient) -> None:
    answer = client.post(ONE, json=ROW).get_json()

    (line,) = lines(client.get("/v1/journal"))
    assert line["value"] == answer["value"]
    assert {"low", "high"} <= set(answer)
    assert not {"low", "high"} & set(line)


@pytest.mark.parametrize(("task", "value"), [(Task.BINARY, "yes"), (Task.MULTICLASS, "plus"), (Task.REGRESSION, 12.5)])
def test_an_outcome_is_kept_under_the_answer_s_id(client: FlaskClient, value: Any) -> None:
    made = client.post(ONE, json=ROW).get_json()["id"]
    answer = client.post("/v1/outcomes", json={"id": made, "outcome": value})

    assert answer.get_json() == NOTHING | {"accepted": 1}
    (line,) = lines(client.get(REPORTED))
    assert (line["id"], line["outcome"]) == (made, value)


def test_a_repeated_outcome_is_not_kept_and_a_contradicting_one_counts(client: FlaskClient) -> None:
    made = client.post(ONE, json=ROW).get_json()["id"]

    assert report(client, (made, "no"), (made, "no")) == NOTHING | {"accepted": 1, "repeated": 1}
    assert report(client, (made, "no")) == NOTHING | {"repeated": 1}
    contradiction = {"id": made, "before": "no", "now": "yes"}
    expected = NOTHING | {"accepted": 1, "contradicted": [contradiction], "contradicted_count": 1}
    assert report(client, (made, "yes")) == expected
    assert [line["outcome"] for line in lines(client.get(REPORTED))] == ["no", "yes"]


def test_unknown_ids_are_listed_and_their_outcomes_kept(client: FlaskClient) -> None:
    batch = client.post(MANY, json={"rows": [ROW] * 2}).get_json()["predictions"]
    beyond = batch[0]["id"][:-1] + "2"
    unknown = ["0" * 32, beyond, batch[0]["id"][:32]]
    # A batch's request has no outcome, only its rows; row 0 of it stands for the request's bare id.
    answer = report(client, *[(made, "yes") for made in [batch[1]["id"], *unknown[:2]]])

    assert (answer["accepted"], answer["unknown_ids"], answer["unknown_count"]) == (3, unknown[:2], 2)
    assert len(lines(client.get(REPORTED))) == 3


def test_rows_come_with_what_was_reported_last_of_them_to_those_who_ask(client: FlaskClient) -> None:
    ids = [row["id"] for row in client.post(MANY, json={"rows": [ROW] * 3}).get_json()["predictions"]]
    report(client, (ids[0], "no"), (ids[1], "yes"))
    report(client, (ids[0], "yes"))
    plain, joined = (lines(client.get(f"{JOURNAL}?outcomes={wanted}")) for wanted in ("false", "true"))

    assert [line["outcome"] for line in joined] == ["yes", "yes", None]
    assert [list(line.items())[:-1] for line in joined] == [list(line.items()) for line in plain]
    assert plain == lines(client.get(JOURNAL))


@pytest.mark.parametrize("task", [Task.REGRESSION])
def test_outcomes_are_joined_beyond_a_page(client: FlaskClient) -> None:
    ids = []
    for _ in range(11):
        answer = client.post(MANY, json={"rows": [ROW] * 200}).get_json()
        ids += [row["id"] for row in answer["predictions"]]
    report(client, *((ids[number], number / 2) for number in (0, 999, 1000, 2199)))

    found = {line["id"]: line["outcome"] for line in lines(client.get(f"{JOURNAL}?outcomes=true"))}
    assert list(found) == ids
    assert {number: found[made] for number, made in enumerate(ids) if found[made] is not None} == {
        0: 0,
        999: 499.5,
        1000: 500,
        2199: 1099.5,
    }


@pytest.mark.parametrize(
    ("task", "body"),
    [
        (Task.BINARY, "id,outcome\n{0},yes\n{1},no\n"),
        (Task.BINARY, '\ufeffoutcome,id\r\n"yes",{0}\r\nno,{1}\r\n'),
        (Task.REGRESSION, "id,outcome\n{0},1.5\n{1},-2e3\n"),
    ],
)
def test_outcomes_may_come_as_a_table(client: FlaskClient, body: str) -> None:
    ids = [row["id"] for row in client.post(MANY, json={"rows": [ROW] * 2}).get_json()["predictions"]]
    answer = client.post("/v1/outcomes", data=body.format(*ids).encode(), content_type="text/csv; charset=utf-8")

    assert answer.get_json() == NOTHING | {"accepted": 2}
    assert [line["id"] for line in lines(client.get(REPORTED))] == ids


NUMBER = "takes a number from -1e+38 to 1e+38 EUR"
GOOD = "0" * 32


@pytest.mark.parametrize(
    ("task", "body", "faults"),
    [
        (Task.BINARY, {"id": GOOD}, [(0, "outcome", "missing")]),
        (Task.BINARY, {"id": GOOD, "outcome": None}, [(0, "outcome", "may not be null")]),
        (
            Task.BINARY,
            {"id": "x", "outcome": 1},
            [(0, "id", "found 'x'"), (0, "outcome", "takes 'no' or 'yes', found")],
        ),
        (Task.BINARY, {"id": 1, "outcome": "maybe"}, [(0, "id", "found a number"), (0, "outcome", "found 'maybe'")]),
        (Task.REGRESSION, {"id": GOOD, "outcome": "12"}, [(0, "outcome", f"{NUMBER}, found '12'")]),
        (Task.REGRESSION, {"id": GOOD, "outcome": 2e38}, [(0, "outcome", f"{NUMBER}, found a number")]),
        (Task.REGRESSION, {"id": GOOD, "outcome": True}, [(0, "outcome", "found true or false")]),
        (Task.REGRESSION, {"id": GOOD, "outcome": 1e300}, [(0, "outcome", "found a number")]),
        (Task.BINARY, {"outcomes": []}, [(None, "outcomes", "takes 1 to 200 outcomes, found 0")]),
        (Task.BINARY, {"outcomes": [{"id": GOOD, "outcome": "yes"}] * 201}, [(None, "outcomes", "found 201")]),
        (Task.BINARY, {"outcomes": [7]}, [(0, None, "takes an object with id and outcome")]),
        (Task.BINARY, {"outcomes": [{"id": GOOD, "outcome": "no", "x": 1}]}, [(0, "x", "unknown field")]),
        (Task.BINARY, {"x": 1}, [(None, None, "takes an object")]),
        (Task.BINARY, [], [(None, None, "takes an object")]),
    ],
)
def test_a_faulty_outcome_is_named_and_none_is_kept(
    client: FlaskClient, body: Any, faults: list[tuple[int | None, str | None, str]]
) -> None:
    answer = client.post("/v1/outcomes", json=body)

    assert answer.status_code == 422
    found = answer.get_json(force=True)["errors"]
    assert [(fault.get("row"), fault.get("field")) for fault in found] == [(row, name) for row, name, _ in faults]
    for fault, (_, _, words) in zip(found, faults, strict=True):
        assert words in fault["problem"]
    assert lines(client.get(REPORTED)) == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"id;outcome\n1;2\n", "the first line of the CSV must be id,outcome"),
        (b"id,outcome\n" + GOOD.encode() + b"\n", "may not be null"),
        (b"id,outcome\n1,2,3\n", "the first line of the CSV must be id,outcome"),
        (b"\xff\xfe", "cannot be read as CSV"),
        (b'id,outcome\n"1,2\n', "cannot be read as CSV"),
        (b"id,outcome\n", "takes 1 to 200 outcomes, found 0"),
    ],
)
def test_a_faulty_table_is_refused(client: FlaskClient, body: bytes, words: str) -> None:
    answer = client.post("/v1/outcomes", data=body, content_type="text/csv")

    assert answer.status_code == 422
    assert words in answer.text


@pytest.mark.parametrize(
    "environment",
    [{"JOURNAL_SPOOL_BYTES": "100000", "MAX_BATCH_ROWS": "5000"}],
)
@pytest.mark.parametrize("rule", ["refuse", "serve"])
def test_when_nothing_more_can_be_written_the_rule_holds(
    tmp_path: Path, registry: DirectoryRegistry, environment: dict[str, str], rule: str
) -> None:
    variables = environment | {"JOURNAL_WHEN_FULL": rule, "JOURNAL_DIR": str(tmp_path / "journal")}
    client = create_app(ServiceSettings.from_env(variables), registry=registry).test_client()
    statuses = [client.post(MANY, json={"rows": [ROW] * 2000}).status_code for _ in range(4)]
    single = [client.post(ONE, json=ROW).status_code for _ in range(200)]
    assert single[-1] == (503 if rule == "refuse" else 200)
    ready, alive = client.get("/readyz"), client.get("/livez")

    assert alive.status_code == 200
    if rule == "serve":
        assert (statuses, ready.status_code) == ([200] * 4, 200)
        return
    assert statuses == [200, 503, 503, 503]
    assert ready.status_code == 503
    assert "journal" in ready.get_json(force=True)["detail"]
    assert int(ready.headers["Retry-After"]) > 0
    # Reading ships what waits, and so makes room.
    assert len(lines(client.get(JOURNAL))) > 2000
    assert client.get("/readyz").status_code == 200


def test_a_share_of_the_requests_may_be_kept(tmp_path: Path, registry: DirectoryRegistry) -> None:
    for share, low, high in (("0", 0, 0), ("0.5", 60, 140), ("1", 200, 200)):
        variables = {"JOURNAL_SAMPLE": share, "JOURNAL_DIR": str(tmp_path / share)}
        client = create_app(ServiceSettings.from_env(variables), registry=registry).test_client()
        ids = {client.post(ONE, json=ROW).get_json()["id"] for _ in range(200)}
        kept = [line["id"] for line in lines(client.get(f"{JOURNAL}?limit=1000"))]
        assert low <= len(kept) <= high
        assert set(kept) <= ids


@pytest.mark.parametrize("name", ["FLY_APP_NAME", "RENDER_SERVICE_NAME"])
def test_a_journal_that_will_be_lost_is_warned_of(
    tmp_path: Path, registry: DirectoryRegistry, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    create_app(ServiceSettings.from_env({name: "mine", "JOURNAL_DIR": str(tmp_path / "journal")}), registry=registry)
    (line,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (line["level"], line["platform"]) == ("warning", "mine")
    assert "set DATABASE_URL" in line["event"]


def test_features_may_be_kept_out_of_the_journal(tmp_path: Path, registry: DirectoryRegistry) -> None:
    variables = {"JOURNAL_DROP": "city", "JOURNAL_REDACT": " age ", "JOURNAL_DIR": str(tmp_path / "journal")}
    client = create_app(ServiceSettings.from_env(variables), registry=registry).test_client()
    client.post(MANY, json={"rows": [ROW, {"city": "Bern"}]})

    assert [line["inputs"] for line in lines(client.get(JOURNAL))] == [{"age": "*"}, {"age": None}]
    content = b"".join(path.read_bytes() for path in (tmp_path / "journal").rglob("*") if path.is_file())
    assert b"Bern" not in content


def test_a_feature_to_keep_out_that_does_not_exist_stops_the_app(tmp_path: Path, registry: DirectoryRegistry) -> None:
    variables = {"JOURNAL_DROP": "ciyt", "JOURNAL_DIR": str(tmp_path / "journal")}

    with pytest.raises(
        SettingsError, match=r"JOURNAL_DROP: .ciyt. is no feature of model-v1\.0\.0; its features are age"
    ):
        create_app(ServiceSettings.from_env(variables), registry=registry)
