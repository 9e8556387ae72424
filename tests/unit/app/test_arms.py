"""A share of the subjects is answered by the challenger, or by the champion in its place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.arms import contract_fault
from app.settings import ServiceSettings
from core.bundle import Bundle
from core.contract import CategoricalFeature, Contract, NumericFeature, Task
from core.errors import BundleRefused, SettingsError, UnknownTag
from core.experiment import arm_of, position
from core.registry import DirectoryRegistry
from core.tags import ModelTag
from tests.bad_models import publish_slow_above, publish_wrong_golden
from tests.factories import TARGETS, make_bundle, make_contract
from tests.fragile import publish_fragile

ONE, MANY, JOURNAL = "/v1/predict", "/v1/predict/batch", "/v1/journal"
ROW: dict[str, Any] = {"age": 30, "city": "Oslo"}
CHALLENGER = "model-v1.1.0"
KEY = "k" * 32
SUBJECTS = [f"customer-{number}" for number in range(60)]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        "MODEL_TAG": "model-v1.0.0",
        "CHALLENGER_TAG": CHALLENGER,
        "CHALLENGER_SHARE": "0.5",
        # A busy machine must not make it late.
        "CHALLENGER_BUDGET_MS": "60000",
        "SUBJECT_KEY": KEY,
        "JOURNAL_DIR": str(tmp_path / "journal"),
    }


@pytest.fixture
def app(registry: DirectoryRegistry, environment: dict[str, str], challenger: Bundle) -> Iterator[Flask]:
    registry.publish(challenger)
    yield create_app(ServiceSettings.from_env(environment), registry=registry)
    structlog.reset_defaults()


def is_challenged(subject: str, share: float = 0.5) -> bool:
    return arm_of(position(KEY.encode(), ModelTag.parse(CHALLENGER), subject), share) == "challenger"


def ask(client: FlaskClient, subject: str, **how: Any) -> dict[str, Any]:
    answer = client.post(ONE, json=ROW, headers={"X-Subject": subject}, **how)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.get_json()
    return found


def journal(client: FlaskClient) -> list[dict[str, Any]]:
    return [json.loads(line) for line in client.get(JOURNAL).data.splitlines()]


def test_each_subject_is_answered_by_its_arm_and_always_the_same(client: FlaskClient) -> None:
    by_champion = ask(client, next(each for each in SUBJECTS if not is_challenged(each)))
    for subject in SUBJECTS * 2:
        answer = ask(client, subject)
        tag, arm = (CHALLENGER, "challenger") if is_challenged(subject) else ("model-v1.0.0", "champion")
        assert (answer["model_tag"], answer["arm"]) == (tag, arm)
        assert (answer["score"] == by_champion["score"]) == (arm == "champion")
    assert 20 < sum(map(is_challenged, SUBJECTS)) < 40


def test_the_journal_says_which_model_answered_in_which_arm(client: FlaskClient) -> None:
    for subject in SUBJECTS:
        ask(client, subject)
    found = [(line["tag"], line["arm"], line["fallback"]) for line in journal(client)]
    both = {True: (CHALLENGER, "challenger", None), False: ("model-v1.0.0", "champion", None)}
    assert found == [both[is_challenged(subject)] for subject in SUBJECTS]


def test_a_request_without_a_subject_is_the_champion_s(client: FlaskClient) -> None:
    answers = [client.post(ONE, json=ROW).get_json() for _ in range(20)]
    assert {(each["model_tag"], each["arm"]) for each in answers} == {("model-v1.0.0", "champion")}


@pytest.mark.parametrize("subject", [next(filter(is_challenged, SUBJECTS)), "nobody"])
def test_all_rows_of_a_request_have_one_arm(client: FlaskClient, subject: str) -> None:
    headers = {"X-Subject": subject}
    alone = ask(client, subject)
    by = {"model_tag": alone["model_tag"], "arm": alone["arm"]}
    rows = client.post(MANY, json={"rows": [ROW, ROW]}, headers=headers).get_json()
    columns = client.post(MANY, json={"columns": {name: [value] for name, value in ROW.items()}}, headers=headers)
    # Only what is read to its end is closed.
    kind = {"Content-Type": "application/x-ndjson"}
    lines = client.post(MANY, data=json.dumps(ROW), headers=headers | kind, buffered=True).data.splitlines()
    assert {name: rows[name] for name in by} == by
    assert [row["score"] for row in rows["predictions"]] == [alone["score"]] * 2
    assert {name: columns.get_json()[name] for name in by} == by
    assert json.loads(lines[0]) | {"id": ""} == alone | {"id": ""}


def test_predictions_are_counted_by_model_and_arm(client: FlaskClient) -> None:
    for subject in SUBJECTS:
        ask(client, subject)
    metrics = client.get("/metrics").text
    count = sum(map(is_challenged, SUBJECTS))
    head = "slipway_predictions_total"
    by = [("challenger", CHALLENGER), ("champion", "model-v1.0.0")]
    heads = [f'{head}{{arm="{arm}",fallback="",label="' for arm, _ in by]
    counted = [
        sum(float(line.split()[-1]) for line in metrics.splitlines() if line.startswith(start) and f'"{tag}"' in line)
        for start, (_, tag) in zip(heads, by, strict=True)
    ]
    assert counted == [count, 60 - count]


def test_the_log_names_the_model_that_answered(client: FlaskClient, capsys: pytest.CaptureFixture[str]) -> None:
    subject = next(filter(is_challenged, SUBJECTS))
    ask(client, subject)
    client.post(MANY, json={"rows": [ROW]}, headers={"X-Subject": subject})
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["model_tag"] for event in events if event["event"] == "request"] == [CHALLENGER] * 2


def _serve(registry: DirectoryRegistry, environment: dict[str, str], **changes: str) -> FlaskClient:
    return create_app(ServiceSettings.from_env(environment | changes), registry=registry).test_client()


def test_a_larger_share_takes_subjects_and_gives_none_back(
    registry: DirectoryRegistry, environment: dict[str, str], challenger: Bundle
) -> None:
    registry.publish(challenger)
    few, many = (
        {each for each in SUBJECTS if ask(client, each)["arm"] == "challenger"}
        for client in (_serve(registry, environment, CHALLENGER_SHARE=share) for share in ("0.1", "0.5"))
    )
    assert few
    assert few < many
    assert many == set(filter(is_challenged, SUBJECTS))


def test_rows_for_which_it_is_too_slow_are_answered_by_the_champion(
    registry: DirectoryRegistry, environment: dict[str, str]
) -> None:
    publish_slow_above(registry, CHALLENGER, above=70, rounds=1_000_000)
    client = _serve(registry, environment, CHALLENGER_BUDGET_MS="500", CHALLENGER_SHARE="1")
    quick, slow = {"age": 60, "city": "Oslo"}, {"age": 75, "city": "Oslo"}
    answers = [client.post(ONE, json=row, headers={"X-Subject": "ada"}).get_json() for row in (quick, slow, slow)]
    by_champion = client.post(ONE, json=slow).get_json()
    assert [each["arm"] for each in answers] == ["challenger"] * 3
    assert [each["model_tag"] for each in answers] == [CHALLENGER, "model-v1.0.0", "model-v1.0.0"]
    assert answers[1]["score"] == answers[2]["score"] == by_champion["score"]
    assert [line["fallback"] for line in journal(client)] == [None, "slow", "busy", None]
    head, tag = 'slipway_predictions_total{arm="challenger",fallback="slow",label="', 'model_tag="model-v1.0.0"} 1.0'
    lines = client.get("/metrics").text.splitlines()
    assert [line for line in lines if line.startswith(head) and line.endswith(tag)]


def test_rows_that_it_cannot_score_are_answered_by_the_champion(
    registry: DirectoryRegistry,
    environment: dict[str, str],
    challenger: Bundle,
    capfd: pytest.CaptureFixture[str],
) -> None:
    publish_fragile(registry, challenger, ModelTag.parse(CHALLENGER), feature="age", above=70)
    client = _serve(registry, environment, CHALLENGER_SHARE="1")
    answers = [
        client.post(ONE, json={"age": age, "city": "Oslo"}, headers={"X-Subject": "ada"}).get_json() for age in (60, 75)
    ]
    assert [each["model_tag"] for each in answers] == [CHALLENGER, "model-v1.0.0"]
    assert [line["fallback"] for line in journal(client)] == [None, "failed"]
    written = capfd.readouterr()
    assert "the challenger cannot score" in written.out
    assert written.err == ""


def _feature_contract(*features: NumericFeature | CategoricalFeature) -> Contract:
    return Contract(features=features, target=TARGETS[Task.BINARY])


AGE = NumericFeature(name="age", unit="a", low=0, high=120, nullable=True)
CITY = CategoricalFeature(name="city", categories=("Oslo", "Rome"))


@pytest.mark.parametrize(
    ("contract", "words"),
    [
        (make_contract(Task.MULTICLASS), "it predicts something else"),
        (_feature_contract(replace(AGE, name="years"), CITY), "only one of them has the feature age"),
        (_feature_contract(CITY, AGE), "its features are in another order"),
        (_feature_contract(replace(CITY, name="age"), CITY), "feature age is of another kind there"),
        (_feature_contract(replace(AGE, nullable=False), CITY), "feature age may not be missing there"),
        (_feature_contract(replace(AGE, high=200), CITY), None),
        (make_contract(), None),
    ],
    ids=["target", "name", "order", "kind", "nullable", "range", "equal"],
)
def test_a_challenger_must_take_what_the_champion_takes(contract: Contract, words: str | None) -> None:
    assert contract_fault(make_contract(), contract) == words


def test_one_that_does_not_is_refused_at_start(
    registry: DirectoryRegistry, environment: dict[str, str], tmp_path: Path
) -> None:
    registry.publish(make_bundle(tmp_path / "other", Task.MULTICLASS, CHALLENGER))
    with pytest.raises(SettingsError, match=r"CHALLENGER_TAG: \S+ cannot answer what \S+ is asked"):
        _serve(registry, environment)


def test_one_that_is_not_published_or_not_golden_is_refused_at_start(
    registry: DirectoryRegistry, environment: dict[str, str]
) -> None:
    with pytest.raises(UnknownTag):
        _serve(registry, environment)
    publish_wrong_golden(registry, CHALLENGER)
    with pytest.raises(BundleRefused, match="golden rows are off"):
        _serve(registry, environment)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"MODEL_TAG": ""}, "MODEL_TAG: CHALLENGER_TAG needs a tag to be compared with"),
        ({"MODEL_TAG": CHALLENGER}, "CHALLENGER_TAG: takes another tag than MODEL_TAG"),
        ({"SUBJECT_KEY": ""}, "SUBJECT_KEY: CHALLENGER_TAG needs a secret"),
        ({"CHALLENGER_SHARE": "50"}, "CHALLENGER_SHARE: takes a share from 0 to 1"),
        ({"CHALLENGER_BUDGET_MS": "0"}, "CHALLENGER_BUDGET_MS: takes a whole number from 1 to 60000"),
        ({"CHALLENGER_TAG": "v2"}, "CHALLENGER_TAG: 'v2' is not a model tag"),
    ],
    ids=["no champion", "itself", "no key", "percent", "no budget", "no tag"],
)
def test_settings_that_make_no_experiment_are_refused(
    environment: dict[str, str], changes: dict[str, str], words: str
) -> None:
    with pytest.raises(SettingsError, match=words):
        ServiceSettings.from_env(environment | changes)
