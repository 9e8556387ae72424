"""A client that a usual generator makes from the served document works as it comes out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.keys import Scope, new_key
from core.contract import Contract, NumericFeature, Target, Task
from core.registry import DirectoryRegistry
from tests.factories import make_bundle, make_wide_bundle
from tests.integration.test_gunicorn import serving

SECRET, KEY = new_key("client", Scope)
VALUES = {Task.BINARY: "yes", Task.MULTICLASS: "plus", Task.REGRESSION: 12.5}
# Each has been somebody's, or is what a generator may stumble over.
HOSTILE = [
    "monthly spend", "it's", "class", "from", "self", "1st", "größe", "身長", "😀", "a.b", "price ($)", 'say "hi"',
    "\\n",
    "{x}", "%s", "None", "__proto__", "id", "body", "d", "field_dict", "to_dict", "from_dict", "cls",
    "additional_properties", "a-b", "a b", "a_b", "A/B", "-", '"""',
]  # fmt: skip
CLASSES = ("a", "A", "a-b", "1", "class", "größe", "")
HOSTILE_PROGRAM = """
import json, sys
from predictions import AuthenticatedClient
from predictions.api.default import predict, predict_batch
from predictions.models import Columns, Row, Rows
from predictions.models.columns_columns import ColumnsColumns

client = AuthenticatedClient(base_url=sys.argv[1], token=sys.argv[2], raise_on_unexpected_status=True)
values = json.loads(sys.argv[3])
row = Row.from_dict(values)
assert row.to_dict() == values
assert (row.monthly_spend, row.class_) == (values["monthly spend"], values["class"])
assert (row["d"], row["a-b"]) == (values["d"], values["a-b"])
one = predict.sync(client=client, body=row)
many = predict_batch.sync(client=client, body=Rows(rows=[row]))
columns = ColumnsColumns.from_dict({name: [value] for name, value in values.items()})
wide = predict_batch.sync(client=client, body=Columns(columns=columns))
print(json.dumps([part.to_dict() for part in (one, many, wide)]))
"""
# As its user would write it.
PROGRAM = """
import json, sys
from predictions import AuthenticatedClient
from predictions.api.default import predict, predict_batch, report_outcomes
from predictions.models import Columns, Outcome, Outcomes, Row, Rows
from predictions.models.columns_columns import ColumnsColumns

client = AuthenticatedClient(base_url=sys.argv[1], token=sys.argv[2], raise_on_unexpected_status=True)
row = Row(age=30.0, city="Oslo")
one = predict.sync(client=client, body=row)
many = predict_batch.sync(client=client, body=Rows(rows=[row, Row(age=None, city="Rome")]))
columns = predict_batch.sync(client=client, body=Columns(columns=ColumnsColumns(city=["Oslo", "Bern"])))
value = json.loads(sys.argv[3])
first = report_outcomes.sync(client=client, body=Outcome.from_dict({"id": one.id, "outcome": value}))
rest = Outcomes.from_dict({"outcomes": [{"id": answer.id, "outcome": value} for answer in many.predictions]})
second = report_outcomes.sync(client=client, body=rest)
fault = predict.sync(client=client, body=Row(age=999.0, city="Oslo"))
print(json.dumps([part.to_dict() for part in (one, many, columns, first, second, fault)]))
"""


def run_generated(folder: Path, program: str, argument: str) -> subprocess.CompletedProcess[str]:
    """Serve what is published in a folder, generate a client from the served document, and run a program with it."""
    binaries = Path(sys.executable).parent
    variables = {"PATH": f"{binaries}:{os.environ['PATH']}", "HOME": str(folder), "PYTHONPATH": str(folder)}
    config = folder / "config.yml"
    config.write_text("package_name_override: predictions\n")
    with serving(folder, API_KEYS=str(KEY)) as server:
        url = f"http://127.0.0.1:{server.port}"
        generator = str(binaries / "openapi-python-client")
        generate = [generator, "generate", "--url", f"{url}/openapi.json", "--meta", "none", "--config", str(config)]
        subprocess.run(generate, cwd=folder, env=variables, check=True, capture_output=True, timeout=120)
        command = [sys.executable, "-c", program, url, SECRET, argument]
        return subprocess.run(
            command, cwd=folder, env=variables, capture_output=True, text=True, check=False, timeout=60
        )


@pytest.mark.parametrize("task", list(Task))
def test_a_generated_client_predicts_and_reports(tmp_path: Path, task: Task) -> None:
    DirectoryRegistry(tmp_path / "registry").publish(make_bundle(tmp_path / "bundle", task))
    done = run_generated(tmp_path, PROGRAM, json.dumps(VALUES[task]))
    assert done.returncode == 0, done.stderr
    one, many, columns, first, second, fault = json.loads(done.stdout)
    assert one["model_tag"] == "model-v1.0.0"
    assert len(many["predictions"]) == len(columns["columns"]["id"]) == 2
    assert (first["accepted"], first["unknown_count"]) == (1, 0)
    assert (second["accepted"], second["unknown_count"]) == (2, 0)
    assert (fault["status"], fault["errors"][0]["field"]) == (422, "age")


def test_a_generated_client_works_whatever_columns_and_classes_are_called(tmp_path: Path) -> None:
    features = tuple(
        NumericFeature(name=name, low=0, high=1e6, nullable=place % 2 == 0, description='"""\\ " {x}')
        for place, name in enumerate(HOSTILE)
    )
    target = Target(name="from class", task=Task.MULTICLASS, classes=CLASSES)
    DirectoryRegistry(tmp_path / "registry").publish(
        make_wide_bundle(tmp_path / "bundle", Contract(features=features, target=target))
    )
    done = run_generated(
        tmp_path, HOSTILE_PROGRAM, json.dumps({name: place + 0.5 for place, name in enumerate(HOSTILE)})
    )
    assert done.returncode == 0, done.stderr
    one, many, wide = json.loads(done.stdout)
    assert one["label"] == many["predictions"][0]["label"] == wide["columns"]["label"][0]
    assert set(one["scores"]) == set(CLASSES)
