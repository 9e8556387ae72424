"""POST /v1/predict and /v1/predict/batch: what they answer, and everything they refuse."""

from __future__ import annotations

import gzip
import io
import json
import zlib
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from gunicorn.http.errors import (
    ChunkMissingTerminator,
    InvalidChunkSize,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from app import create_app
from app.settings import ServiceSettings
from core.contract import Task
from core.registry import DirectoryRegistry
from tests.factories import make_bundle

ONE, MANY = "/v1/predict", "/v1/predict/batch"
ROW: dict[str, Any] = {"age": 30, "city": "Oslo"}
AGE_WANTED = "takes a number from 0 to 120 a"


def send(client: FlaskClient, path: str, body: bytes, content_type: str = "application/json") -> TestResponse:
    return client.post(path, data=body, content_type=content_type)


def faults(answer: TestResponse) -> list[dict[str, Any]]:
    assert answer.status_code == 422
    found: list[dict[str, Any]] = answer.get_json(force=True)["errors"]
    return found


def detail(answer: TestResponse) -> str:
    return str(answer.get_json(force=True)["detail"])


def answered(answer: TestResponse) -> Any:
    """A successful answer without its ids, which differ from one to the next."""
    assert answer.status_code == 200
    body = answer.get_json()
    for part in [body, body.get("columns", {}), *filter(None, body.get("predictions", []))]:
        part.pop("id", None)
    return body


def test_a_binary_answer_is_a_label_and_the_positive_class_s_probability(client: FlaskClient) -> None:
    answer = client.post(ONE, json=ROW)

    assert answered(answer) == {
        "model_tag": "model-v1.0.0",
        "arm": "champion",
        "label": "yes",
        "score": pytest.approx(0.6456563),
        "warnings": [],
    }


def test_a_score_below_the_threshold_is_labelled_negative(client: FlaskClient) -> None:
    assert client.post(ONE, json={"age": 18, "city": "Oslo"}).get_json()["label"] == "no"


@pytest.mark.parametrize("task", [Task.MULTICLASS])
def test_a_multiclass_answer_is_the_likeliest_label_and_every_class_s_probability(client: FlaskClient) -> None:
    answer = answered(client.post(ONE, json={"age": 40, "city": "Oslo"}))

    assert set(answer) == {"model_tag", "arm", "label", "scores", "warnings"}
    assert answer["label"] == "pro"
    assert set(answer["scores"]) == {"basic", "plus", "pro"}
    assert sum(answer["scores"].values()) == pytest.approx(1)


@pytest.mark.parametrize("task", [Task.REGRESSION])
def test_a_regression_answer_is_a_value_between_low_and_high(client: FlaskClient) -> None:
    answer = answered(client.post(ONE, json={"age": 40, "city": "Rome"}))

    ends = {"low": pytest.approx(0.3), "high": pytest.approx(3.3)}
    by = {"model_tag": "model-v1.0.0", "arm": "champion"}
    assert answer == {**by, "value": pytest.approx(1.3), **ends, "warnings": []}


def test_a_regression_model_without_intervals_answers_the_value_alone(
    tmp_path: Path, registry: DirectoryRegistry, environment: dict[str, str]
) -> None:
    registry.publish(make_bundle(tmp_path / "bare", Task.REGRESSION, "model-v2.0.0", intervals=None))
    client = create_app(ServiceSettings.from_env(environment), registry=registry).test_client()
    row = {"age": 40, "city": "Rome"}

    assert set(answered(client.post(ONE, json=row))) == {"model_tag", "arm", "value", "warnings"}
    assert set(client.post(MANY, json={"columns": {"city": ["Oslo"]}}).get_json()["columns"]) == {"id", "value"}
    document = client.get("/openapi.json").get_json()["components"]["schemas"]
    asked_for = {"members", "disagreement"}
    assert set(document["Prediction"]["properties"]) == {"id", "model_tag", "arm", "value", "warnings", *asked_for}
    assert client.get("/v1/model").get_json()["intervals"] is None


@pytest.mark.parametrize("task", [Task.REGRESSION])
def test_columns_have_the_ends_that_rows_have(client: FlaskClient) -> None:
    columns = {"age": [20, 60, 999], "city": ["Oslo", "Rome", "Oslo"]}
    found = client.post(f"{MANY}?on_error=skip", json={"columns": columns}).get_json()["columns"]

    for place, (age, city) in enumerate([(20, "Oslo"), (60, "Rome")]):
        alone = client.post(ONE, json={"age": age, "city": city}).get_json()
        assert {name: found[name][place] for name in ("value", "low", "high")} == {
            name: alone[name] for name in ("value", "low", "high")
        }
    assert (found["low"][2], found["high"][2]) == (None, None)


@pytest.mark.parametrize("task", list(Task))
def test_a_batch_is_answered_row_by_row_in_order(client: FlaskClient) -> None:
    rows = [{"age": age, "city": "Oslo"} for age in (20, 60, 40)]
    alone = [answered(client.post(ONE, json=row)) for row in rows]

    answer = answered(client.post(MANY, json={"rows": rows}))

    by = {"model_tag": "model-v1.0.0", "arm": "champion"}
    assert {name: answer[name] for name in by} == by
    assert [prediction | by for prediction in answer["predictions"]] == alone


def test_a_nullable_feature_may_be_absent_or_null(client: FlaskClient) -> None:
    absent, null = client.post(ONE, json={"city": "Oslo"}), client.post(ONE, json={"age": None, "city": "Oslo"})

    assert answered(absent) == answered(null)


@pytest.mark.parametrize("age", [0, 120, -0.0, 119.99999999999999, 1e-320])
def test_a_number_at_its_bounds_is_scored(client: FlaskClient, age: float) -> None:
    assert client.post(ONE, json={"age": age, "city": "Oslo"}).status_code == 200


def test_of_a_key_sent_twice_the_last_value_counts(client: FlaskClient) -> None:
    twice = send(client, ONE, b'{"age": 64, "age": 30, "city": "Oslo"}')

    assert answered(twice) == answered(client.post(ONE, json=ROW))


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ({"age": 30}, {"field": "city", "problem": "missing"}),
        ({"age": 30, "city": None}, {"field": "city", "problem": "may not be null"}),
        ({**ROW, "aeg": 1}, {"field": "aeg", "problem": "unknown field; /docs lists the fields"}),
        ({**ROW, "_schema": 1}, {"field": "_schema", "problem": "unknown field; /docs lists the fields"}),
        ({**ROW, "": 1}, {"field": "", "problem": "unknown field; /docs lists the fields"}),
        ({**ROW, "age": "30"}, {"field": "age", "problem": f"{AGE_WANTED}, found text"}),
        ({**ROW, "age": True}, {"field": "age", "problem": f"{AGE_WANTED}, found true or false"}),
        ({**ROW, "age": []}, {"field": "age", "problem": f"{AGE_WANTED}, found a list"}),
        ({**ROW, "age": {}}, {"field": "age", "problem": f"{AGE_WANTED}, found an object"}),
        ({**ROW, "age": -1}, {"field": "age", "problem": f"{AGE_WANTED}, found -1"}),
        ({**ROW, "age": 120.0000001}, {"field": "age", "problem": f"{AGE_WANTED}, found 120.0000001"}),
        ({**ROW, "age": 10**400}, {"field": "age", "problem": f"{AGE_WANTED}, found one of 401 digits"}),
        ({**ROW, "age": -(10**400)}, {"field": "age", "problem": f"{AGE_WANTED}, found one of 401 digits"}),
        ({**ROW, "city": 7}, {"field": "city", "problem": "takes text, found a number"}),
        ({**ROW, "city": False}, {"field": "city", "problem": "takes text, found true or false"}),
        (
            {**ROW, "city": "x" * 201},
            {"field": "city", "problem": "takes text of up to 200 characters, found 201"},
        ),
    ],
)
def test_a_broken_field_is_named_with_what_would_be_right(
    client: FlaskClient, row: dict[str, Any], fault: dict[str, str]
) -> None:
    assert faults(client.post(ONE, json=row)) == [fault]


@pytest.mark.parametrize("body", [b"null", b"[]", b"3", b'"text"', b"true", b"[[]]"])
def test_a_row_that_is_no_object_is_refused(client: FlaskClient, body: bytes) -> None:
    assert faults(send(client, ONE, body)) == [{"problem": "takes an object with the fields of a row"}]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b" ", id="blank"),
        pytest.param(b"age=30&city=Oslo", id="a form"),
        pytest.param(b"{'age': 30}", id="single quotes"),
        pytest.param(b'{"age": 30, "city": "Oslo",}', id="a comma too many"),
        pytest.param(b'{"age": NaN, "city": "Oslo"}', id="NaN"),
        pytest.param(b'{"age": Infinity, "city": "Oslo"}', id="Infinity"),
        pytest.param(b'{"age": -Infinity, "city": "Oslo"}', id="-Infinity"),
        pytest.param(b'{"age": 1e400, "city": "Oslo"}', id="1e400"),
        pytest.param(b'{"age": 1' + b"0" * 5000 + b', "city": "Oslo"}', id="5001 digits"),
        pytest.param(b'{"age": 30, "city": "\\ud800"}', id="a lone surrogate"),
        pytest.param(b'{"age": 30, "\\udfff": "Oslo"}', id="a lone surrogate as a name"),
        pytest.param(b'{"age": 30, "city": "\xed\xa0\x80"}', id="a surrogate in UTF-8"),
        pytest.param(b'{"age": 30, "city": "\xff"}', id="not UTF-8"),
        pytest.param(b"\xef\xbb\xbf{}", id="a byte order mark"),
        pytest.param('{"city": "Oslo"}'.encode("utf-16"), id="UTF-16"),
        pytest.param(b"{}{}", id="two values"),
    ],
)
@pytest.mark.parametrize("path", [ONE, MANY])
def test_a_body_that_is_no_json_is_refused(client: FlaskClient, path: str, body: bytes) -> None:
    answer = send(client, path, body)

    assert answer.status_code == 400
    assert detail(answer).startswith("the body cannot be read as JSON: ")


@pytest.mark.parametrize("path", [ONE, MANY])
def test_an_empty_body_is_named_as_such(client: FlaskClient, path: str) -> None:
    answer = send(client, path, b"")

    assert (answer.status_code, detail(answer)) == (400, "the body is empty")


@pytest.mark.parametrize("body", [b"[" * 10_000 + b"]" * 10_000, b'{"age":' * 10_000 + b"1" + b"}" * 10_000])
@pytest.mark.parametrize("path", [ONE, MANY])
def test_a_body_nested_10_000_levels_deep_is_refused(client: FlaskClient, path: str, body: bytes) -> None:
    answer = send(client, path, body)

    assert (answer.status_code, detail(answer)) == (400, "the body is nested too deeply")


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonx"])
@pytest.mark.parametrize("path", [ONE, MANY])
def test_a_body_of_another_type_is_refused_with_the_right_one(
    client: FlaskClient, path: str, content_type: str
) -> None:
    answer = send(client, path, json.dumps(ROW).encode(), content_type)

    assert answer.status_code == 415
    assert detail(answer).startswith("send the body as Content-Type: application/json")


@pytest.mark.parametrize(("encoding", "status"), [("identity", 200), ("br", 415), ("br, gzip", 415)])
def test_a_body_in_an_encoding_is_refused_as_such(client: FlaskClient, encoding: str, status: int) -> None:
    answer = client.post(ONE, json=ROW, headers={"Content-Encoding": encoding})

    assert answer.status_code == status
    assert status == 200 or detail(answer) == "send the body as it is, or with Content-Encoding: gzip"


def packed(client: FlaskClient, content: bytes) -> TestResponse:
    return client.post(MANY, data=content, content_type="application/json", headers={"Content-Encoding": "GZip"})


def test_a_body_may_be_compressed(client: FlaskClient) -> None:
    body = json.dumps({"rows": [ROW] * 200}).encode()

    assert answered(packed(client, gzip.compress(body))) == answered(send(client, MANY, body))


@pytest.mark.parametrize(
    "content",
    [b"x", gzip.compress(b"{}")[:-1], gzip.compress(b"{}") + b"x", gzip.compress(b"{}") * 2],
    ids=["no gzip", "cut short", "something behind it", "two of them"],
)
def test_a_body_that_is_not_compressed_as_it_says_is_refused(client: FlaskClient, content: bytes) -> None:
    answer = packed(client, content)

    assert answer.status_code == 400
    assert detail(answer).startswith("the body is not what Content-Encoding says: gzip")


@pytest.mark.parametrize(("size", "status"), [(100_000, 200), (100_001, 413), (100_000_000, 413)])
def test_a_body_that_unpacks_to_more_than_is_allowed_is_refused(client: FlaskClient, size: int, status: int) -> None:
    body = json.dumps({"rows": [ROW]}).encode()
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    parts = [packer.compress(body)]
    left = size - len(body)
    while left:
        parts.append(packer.compress(b" " * min(left, 1_000_000)))
        left -= min(left, 1_000_000)
    content = b"".join([*parts, packer.flush()])
    if len(content) <= 100_000 or status == 413:
        assert packed(client, content).status_code == status


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON", "application/json;;="])
def test_parameters_and_case_of_the_type_do_not_matter(client: FlaskClient, content_type: str) -> None:
    assert send(client, ONE, json.dumps(ROW).encode(), content_type).status_code == 200


@pytest.mark.parametrize("size", [99_999, 100_000])
def test_a_body_up_to_the_limit_is_read(client: FlaskClient, size: int) -> None:
    assert send(client, ONE, json.dumps(ROW).encode().ljust(size)).status_code == 200


def test_a_body_above_the_limit_is_refused(client: FlaskClient) -> None:
    answer = send(client, ONE, json.dumps(ROW).encode().ljust(100_001))

    assert (answer.status_code, detail(answer)) == (
        413,
        "the body is larger than MAX_BODY_BYTES allows (of lines MAX_STREAM_BYTES, of what drift found 64 MB)",
    )


def stream(client: FlaskClient, body: io.IOBase) -> TestResponse:
    """Send a body without a length, as a server hands over one that arrives in chunks."""
    return client.post(
        ONE,
        content_type="application/json",
        environ_overrides={"wsgi.input": body, "wsgi.input_terminated": True},
    )


@pytest.mark.parametrize(("size", "status"), [(50, 200), (100_000, 200), (100_001, 413), (150_000, 413)])
def test_a_body_without_a_length_has_the_same_limit(client: FlaskClient, size: int, status: int) -> None:
    assert stream(client, io.BytesIO(json.dumps(ROW).encode().ljust(size))).status_code == status


class BrokenBody(io.RawIOBase):
    """A body that the server cannot take apart."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def read(self, _size: int = -1, /) -> bytes:
        raise self.error

    def readinto(self, _buffer: Any, /) -> int:
        raise self.error


@pytest.mark.parametrize("error", [InvalidChunkSize(b"zz"), ChunkMissingTerminator(b"xx"), OSError("reset")])
def test_a_body_with_wrong_chunks_or_cut_short_is_the_sender_s_fault(client: FlaskClient, error: Exception) -> None:
    answer = stream(client, BrokenBody(error))

    assert answer.status_code == 400
    assert detail(answer) == "the body did not arrive whole; its length or its chunks are wrong"


@pytest.mark.parametrize(
    "body", [None, [], [ROW], ROW, {}, {"rows": {}}, {"rows": None}, {"rows": [ROW], "x": 1}, {"Rows": [ROW]}, "rows"]
)
def test_a_batch_of_another_shape_is_refused(client: FlaskClient, body: Any) -> None:
    answer = send(client, MANY, json.dumps(body).encode())

    assert faults(answer) == [{"problem": 'takes an object {"rows": [...]} or {"columns": {...}} and nothing else'}]


@pytest.mark.parametrize("count", [0, 201])
def test_a_batch_with_no_rows_or_too_many_is_refused(client: FlaskClient, count: int) -> None:
    fault = {"field": "rows", "problem": f"takes 1 to 200 rows, found {count}"}

    assert faults(client.post(MANY, json={"rows": [ROW] * count})) == [fault]


@pytest.mark.parametrize("count", [1, 200])
def test_a_batch_within_its_bounds_is_scored_whole(client: FlaskClient, count: int) -> None:
    assert len(client.post(MANY, json={"rows": [ROW] * count}).get_json()["predictions"]) == count


COLUMNS = {"age": [20, None, 99], "city": ["Oslo", "Rome", "Bern"]}


@pytest.mark.parametrize("task", list(Task))
def test_columns_are_answered_by_column_as_their_rows_would_be(client: FlaskClient) -> None:
    rows = [dict(zip(COLUMNS, values, strict=True)) for values in zip(*COLUMNS.values(), strict=True)]
    by_row = answered(client.post(MANY, json={"rows": rows}))["predictions"]

    answer = answered(client.post(MANY, json={"columns": COLUMNS}))

    assert set(answer) == {"model_tag", "arm", "columns", "warnings"}
    columns = answer["columns"]
    if "scores" in columns:
        by_class = columns["scores"]
        columns["scores"] = [dict(zip(by_class, each, strict=True)) for each in zip(*by_class.values(), strict=True)]
    assert columns == {name: [row[name] for row in by_row] for name in columns}
    assert answer["warnings"] == [
        {"row": number, **warning} for number, row in enumerate(by_row) for warning in row["warnings"]
    ]


@pytest.mark.parametrize("task", list(Task))
def test_skipped_rows_are_null_and_their_faults_listed(client: FlaskClient) -> None:
    right = answered(client.post(MANY, json={"rows": [ROW]}))["predictions"][0]
    answer = client.post(f"{MANY}?on_error=skip", json={"rows": [{}, ROW, {**ROW, "age": "x"}, 7, ROW]})

    assert answered(answer) == {
        "model_tag": "model-v1.0.0",
        "arm": "champion",
        "predictions": [None, right, None, None, right],
        "errors": [
            {"row": 0, "field": "city", "problem": "missing"},
            {"row": 2, "field": "age", "problem": f"{AGE_WANTED}, found text"},
            {"row": 3, "problem": "takes an object with the fields of a row"},
        ],
    }


@pytest.mark.parametrize("task", list(Task))
def test_skipped_rows_of_columns_are_null_in_every_column(client: FlaskClient) -> None:
    columns = {"age": [30, 999, 99], "city": ["Oslo", "Oslo", "Bern"]}
    answer = client.post(f"{MANY}?on_error=skip", json={"columns": columns}).get_json()

    for values in answer["columns"].values():
        for each in values.values() if isinstance(values, dict) else [values]:
            assert [value is None for value in each] == [False, True, False]
    assert [warning["row"] for warning in answer["warnings"]] == [2, 2]
    assert answer["errors"] == [{"row": 1, "field": "age", "problem": f"{AGE_WANTED}, found 999"}]


def test_a_batch_of_skipped_rows_only_is_answered(client: FlaskClient) -> None:
    answer = client.post(f"{MANY}?on_error=skip", json={"rows": [{}] * 150}).get_json()

    assert answer["predictions"] == [None] * 150
    assert (len(answer["errors"]), answer["errors_omitted"]) == (100, 50)


def test_a_row_that_is_no_json_refuses_the_batch_even_when_rows_are_skipped(client: FlaskClient) -> None:
    answer = send(client, f"{MANY}?on_error=skip", b'{"rows": [{"age": NaN}]}')

    assert answer.status_code == 400


def test_another_word_for_on_error_is_refused(client: FlaskClient) -> None:
    fault = {"field": "on_error", "problem": "takes refuse or skip, as a part of the query"}

    assert faults(client.post(f"{MANY}?on_error=ignore", json={"rows": [ROW]})) == [fault]


def test_faults_of_a_batch_name_row_and_field(client: FlaskClient) -> None:
    rows = [ROW, 1, {"age": "x"}, ROW, None, {**ROW, "b": 1, "a": 1}]

    assert faults(client.post(MANY, json={"rows": rows})) == [
        {"row": 1, "problem": "takes an object with the fields of a row"},
        {"row": 2, "field": "age", "problem": f"{AGE_WANTED}, found text"},
        {"row": 2, "field": "city", "problem": "missing"},
        {"row": 4, "problem": "takes an object with the fields of a row"},
        {"row": 5, "field": "a", "problem": "unknown field; /docs lists the fields"},
        {"row": 5, "field": "b", "problem": "unknown field; /docs lists the fields"},
    ]


def test_one_bad_row_leaves_the_whole_batch_unscored(client: FlaskClient) -> None:
    answer = client.post(MANY, json={"rows": [ROW, {}]})

    assert detail(answer) == "1 fault; nothing was scored"
    assert "predictions" not in answer.get_json(force=True)


def test_at_most_100_faults_are_listed_and_the_others_counted(client: FlaskClient) -> None:
    answer = client.post(MANY, json={"rows": [{}] * 150}).get_json(force=True)

    assert [fault["row"] for fault in answer["errors"]] == list(range(100))
    assert answer["errors_omitted"] == 50
    assert answer["detail"] == "150 faults; nothing was scored"


def test_100_faults_are_all_listed(client: FlaskClient) -> None:
    answer = client.post(MANY, json={"rows": [{}] * 100}).get_json(force=True)

    assert len(answer["errors"]) == 100
    assert "errors_omitted" not in answer


def test_unknown_fields_are_listed_in_the_order_of_their_names(client: FlaskClient) -> None:
    found = faults(client.post(ONE, json={**ROW, **{f"x{number:03}": 1 for number in reversed(range(100))}}))

    assert [fault["field"] for fault in found] == [f"x{number:03}" for number in range(100)]


def test_a_row_of_far_too_many_fields_is_one_fault(client: FlaskClient) -> None:
    row = {f"x{number}": 1 for number in range(103)}
    fault = {"problem": "takes at most 102 fields, found 103"}

    assert faults(client.post(ONE, json=row)) == [fault]
    assert faults(client.post(MANY, json={"rows": [ROW, row]})) == [{"row": 1, **fault}]


def test_the_name_of_an_unknown_field_is_given_back_in_short(client: FlaskClient) -> None:
    (fault,) = faults(client.post(ONE, json={**ROW, "x" * 5000: 1}))

    assert fault["field"] == "x" * 100 + "..."


@pytest.mark.parametrize("environment", [{"MAX_BATCH_ROWS": "1300"}])
def test_rows_keep_their_numbers_in_a_batch_of_many_parts(client: FlaskClient) -> None:
    rows = [ROW] * 1300
    rows[499], rows[500], rows[1299] = {}, {}, {}

    assert [fault["row"] for fault in faults(client.post(MANY, json={"rows": rows}))] == [499, 500, 1299]


@pytest.mark.parametrize("city", ["Bern", "", "oslo", "x" * 200, "a\nb\x00", "\U0001f6ec"])
def test_an_unseen_category_is_scored_with_a_warning(client: FlaskClient, city: str) -> None:
    answer = client.post(ONE, json={"age": 30, "city": city})

    assert answer.status_code == 200
    assert answer.get_json()["warnings"] == [
        {"field": "city", "code": "unseen_category", "message": f"training saw no city {city!r}"}
    ]


@pytest.mark.parametrize("age", [17.99, 65.01])
def test_a_number_outside_the_training_range_is_scored_with_a_warning(client: FlaskClient, age: float) -> None:
    answer = client.post(ONE, json={"age": age, "city": "Oslo"})

    assert answer.get_json()["warnings"] == [
        {"field": "age", "code": "outside_training_range", "message": "training saw age from 18 to 65 only"}
    ]


def test_warnings_belong_to_their_row_of_a_batch(client: FlaskClient) -> None:
    answer = client.post(MANY, json={"rows": [ROW, {"age": 99, "city": "Bern"}]}).get_json()

    assert [[warning["field"] for warning in row["warnings"]] for row in answer["predictions"]] == [[], ["age", "city"]]


_numbers = st.integers() | st.floats() | st.just(10**400)
_texts = st.sampled_from(["Oslo", "Bern", "age", "rows"]) | st.text(st.characters())
_names = st.sampled_from(["age", "city", "rows", "_schema"]) | _texts
_values = st.recursive(
    st.none() | st.booleans() | _numbers | _texts,
    lambda inner: st.lists(inner) | st.dictionaries(_names, inner),
)
_rows = st.fixed_dictionaries({}, optional={"age": _values, "city": _values})
_bodies = _values | _rows | st.fixed_dictionaries({"rows": st.lists(_rows | _values)})
no_fixture_check = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@no_fixture_check
@given(path=st.sampled_from([ONE, MANY]), body=_bodies)
def test_no_json_value_makes_the_server_fail(client: FlaskClient, path: str, body: Any) -> None:
    answer = send(client, path, json.dumps(body).encode())

    assert answer.status_code in {200, 400, 422}


@no_fixture_check
@given(path=st.sampled_from([ONE, MANY]), body=st.binary())
def test_no_bytes_make_the_server_fail(client: FlaskClient, path: str, body: bytes) -> None:
    assert send(client, path, body).status_code in {400, 422}


@no_fixture_check
@given(body=st.text(st.sampled_from('{}[]",:0123456789.eE+-\\u ntrfals')))
def test_nothing_that_looks_like_json_makes_the_server_fail(client: FlaskClient, body: str) -> None:
    assert send(client, ONE, body.encode()).status_code in {400, 422}
