"""A client that a usual generator makes from the served document works as it comes out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.keys import Scope, new_key
from core.contract import Task
from core.registry import DirectoryRegistry
from tests.factories import make_bundle
from tests.integration.test_gunicorn import serving

SECRET, KEY = new_key("client", Scope)
VALUES = {Task.BINARY: "yes", Task.MULTICLASS: "plus", Task.REGRESSION: 12.5}
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


@pytest.mark.parametrize("task", list(Task))
def test_a_generated_client_predicts_and_reports(tmp_path: Path, task: Task) -> None:
    DirectoryRegistry(tmp_path / "registry").publish(make_bundle(tmp_path / "bundle", task))
    with serving(tmp_path, API_KEYS=str(KEY)) as server:
        url = f"http://127.0.0.1:{server.port}"
        binaries = Path(sys.executable).parent
        variables = {"PATH": f"{binaries}:{os.environ['PATH']}", "HOME": str(tmp_path), "PYTHONPATH": str(tmp_path)}
        config = tmp_path / "config.yml"
        config.write_text("package_name_override: predictions\n")
        generate = [
            str(binaries / "openapi-python-client"),
            "generate",
            "--url",
            f"{url}/openapi.json",
            "--meta",
            "none",
        ]
        subprocess.run(
            [*generate, "--config", str(config)],
            cwd=tmp_path,
            env=variables,
            check=True,
            capture_output=True,
            timeout=120,
        )
        program = [sys.executable, "-c", PROGRAM, url, SECRET, json.dumps(VALUES[task])]
        done = subprocess.run(
            program, cwd=tmp_path, env=variables, capture_output=True, text=True, check=False, timeout=60
        )
    assert done.returncode == 0, done.stderr
    one, many, columns, first, second, fault = json.loads(done.stdout)
    assert one["model_tag"] == "model-v1.0.0"
    assert len(many["predictions"]) == len(columns["columns"]["id"]) == 2
    assert (first["accepted"], first["unknown_count"]) == (1, 0)
    assert (second["accepted"], second["unknown_count"]) == (2, 0)
    assert (fault["status"], fault["errors"][0]["field"]) == (422, "age")
