"""`python -m ml traffic` against the service itself: what it sends is journalled, what it reports is the truth."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import requests

from app.keys import Scope, new_key
from core.contract import Task
from core.registry import DirectoryRegistry
from tests.factories import TARGETS, make_bundle
from tests.integration.test_gunicorn import READY_S, ROOT, STOP_S, Server, free_port, run, serving, variables
from tests.unit.ml.factories import make_frame

CALLER, CALLER_ENTRY = new_key("caller", [Scope.PREDICT, Scope.OUTCOMES])
ADMIN, ADMIN_ENTRY = new_key("admin", [Scope.ADMIN])
ASKER, ASKER_ENTRY = new_key("asker", [Scope.PREDICT])
KEYS = f"{CALLER_ENTRY},{ADMIN_ENTRY},{ASKER_ENTRY}"
OTHER_CONTRACT = "the served model has another contract than model.toml"
TARGET_TOML = {
    Task.BINARY: 'name = "churn"\ntask = "binary"\npositive = "yes"\nnegative = "no"',
    Task.MULTICLASS: 'name = "plan"\ntask = "multiclass"\nclasses = ["basic", "plus", "pro"]',
    Task.REGRESSION: 'name = "price"\ntask = "regression"\nunit = "EUR"',
}
MODEL_TOML = """
[dataset]
path = "table.parquet"
time_column = "at"
[target]
{target}
[[features]]
name = "age"
kind = "numeric"
unit = "a"
low = 0
high = 120
nullable = true
[[features]]
name = "city"
kind = "categorical"
categories = ["Oslo", "Rome"]
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A folder with a table, its description, and a published model of the same contract."""

    folder: Path
    frame: pl.DataFrame
    task: Task

    @property
    def model_file(self) -> Path:
        return self.folder / "model.toml"

    def traffic(self, *options: str, port: int, **changes: str) -> subprocess.CompletedProcess[str]:
        command = ("ml", "traffic", "--model-file", str(self.model_file), *options)
        return run(self.folder, *command, PORT=str(port), **changes)


def _place(folder: Path, task: Task = Task.BINARY, *, model_toml: str = MODEL_TOML) -> Place:
    DirectoryRegistry(folder / "registry").publish(make_bundle(folder / "bundle", task))
    frame = make_frame(task)
    frame.write_parquet(folder / "table.parquet")
    (folder / "model.toml").write_text(model_toml.format(target=TARGET_TOML[task]))
    return Place(folder=folder, frame=frame, task=task)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return _place(tmp_path)


def _lines(server: Server, route: str) -> list[dict[str, Any]]:
    answer = requests.get(
        f"http://127.0.0.1:{server.port}{route}?limit=100000",
        headers={"Authorization": f"Bearer {ADMIN}"},
        timeout=10,
    )
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.content.splitlines()]


def _in_order(pairs: list[Any]) -> list[str]:
    return sorted(json.dumps(pair, sort_keys=True) for pair in pairs)


def _figure(output: str, name: str) -> str:
    (found,) = re.findall(rf"^  {name} +(.*)$", output, re.MULTILINE)
    return str(found)


@pytest.mark.parametrize("batch", ["1", "7"])
@pytest.mark.parametrize("task", list(Task), ids=lambda task: task.value)
def test_the_rows_of_the_days_are_journalled_and_their_truths_reported(tmp_path: Path, task: Task, batch: str) -> None:
    place = _place(tmp_path, task)
    # Callers keep the passwords of other programs there.
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    with serving(tmp_path, API_KEYS=KEYS) as server:
        done = place.traffic(
            *("--since", "2025-02-01", "--until", "2025-03-01", "--rate", "5000", "--batch", batch),
            port=server.port,
            API_KEY=CALLER,
            NETRC=str(tmp_path / "netrc"),
        )
        rows, outcomes = _lines(server, "/v1/journal"), _lines(server, "/v1/journal/outcomes")
    assert (done.returncode, CALLER in done.stdout + done.stderr) == (0, False), done.stderr

    target = TARGETS[task].name
    expected = place.frame.filter(pl.col("at").dt.month() == 2).to_dicts()
    reported = {line["id"]: line["outcome"] for line in outcomes}
    assert len(reported) == len(outcomes) == len(expected) == 28 * 4
    assert _in_order([(row["inputs"], reported[row["id"]]) for row in rows]) == _in_order(
        [({"age": row["age"], "city": row["city"]}, row[target]) for row in expected]
    )

    assert _figure(done.stdout, "rows") == "112"
    assert _figure(done.stdout, "with warnings") == str(sum(bool(row["warnings"]) for row in rows)) != "0"
    assert _figure(done.stdout, "outcomes") == "112 accepted"
    if task is Task.REGRESSION:
        error = sum(abs(row["value"] - reported[row["id"]]) for row in rows) / len(rows)
        assert _figure(done.stdout, "mean error") == f"{error:,.4g} EUR"
    else:
        right = sum(row["label"] == reported[row["id"]] for row in rows)
        assert _figure(done.stdout, "accuracy") == f"{right / len(rows):.4f}"
    assert f"Next: GET http://127.0.0.1:{server.port}/v1/journal " in done.stdout


def test_outcomes_are_left_out_if_told_so(place: Place) -> None:
    with serving(place.folder, API_KEYS=KEYS) as server:
        done = place.traffic("--limit", "5", "--no-outcomes", port=server.port, API_KEY=ASKER)
        assert (len(_lines(server, "/v1/journal")), _lines(server, "/v1/journal/outcomes")) == (5, [])
    assert done.returncode == 0
    assert "outcomes  " not in done.stdout


def test_ctrl_c_ends_the_sending_and_what_was_answered_is_reported(place: Place) -> None:
    with serving(place.folder, API_KEYS=KEYS) as server:
        # The second row is due in 100 seconds.
        command = ("-m", "ml", "traffic", "--model-file", str(place.model_file), "--rate", "0.01")
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env=variables(place.folder, PORT=str(server.port), API_KEY=CALLER),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        deadline = time.monotonic() + READY_S
        while not _lines(server, "/v1/journal") and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=STOP_S)
        (row,), (outcome,) = _lines(server, "/v1/journal"), _lines(server, "/v1/journal/outcomes")
    assert process.returncode == 130
    assert row["id"] == outcome["id"]
    assert _figure(output, "rows") == "1 of 124, then stopped"
    assert _figure(output, "outcomes") == "1 accepted"
    assert "Traceback" not in errors


def test_a_rate_beyond_all_means_is_said_not_to_be_reached(place: Place) -> None:
    with serving(place.folder) as server:
        done = place.traffic("--rate", "100000", "--connections", "1", port=server.port)
    assert (done.returncode, _figure(done.stdout, "rows")) == (0, "124")
    assert "of 100000: the service could not keep up, or --connections 1 is too few" in done.stdout


def test_a_service_that_asks_to_come_again_gets_every_row(place: Place) -> None:
    with serving(place.folder, RATE_LIMIT="3/second") as server:
        done = place.traffic("--limit", "7", "--rate", "1000", "--no-outcomes", port=server.port)
    assert (done.returncode, _figure(done.stdout, "rows")) == (0, "7")
    assert '"status":429' in (place.folder / "output.log").read_text().replace('": ', '":')


def _sentence(done: subprocess.CompletedProcess[str]) -> str:
    """The one sentence of a command that failed."""
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    (sentence,) = re.findall(r"^error: (.*)$", done.stderr, re.MULTILINE)
    assert done.stderr.endswith(f"error: {sentence}\n")
    return str(sentence)


def test_a_service_that_asks_to_come_again_much_later_ends_it(place: Place) -> None:
    with serving(place.folder, RATE_LIMIT="2/hour") as server:
        done = place.traffic("--limit", "3", "--connections", "1", port=server.port)
    assert _sentence(done) == (
        "the service refused row 3 (429): at most 2 per 1 hour; lower --rate, or try again later"
    )


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("", "(401): send a key as Authorization: Bearer KEY; set API_KEY to a key that may do this"),
        (
            "slip_of_nobody",
            (
                "(401): no key that is known here was sent as Authorization: Bearer KEY; set API_KEY to a key that may "
                "do this"
            ),
        ),
        (ADMIN, "(403): key 'admin' lacks the scope predict; set API_KEY to a key that may do this"),
    ],
    ids=["no key", "an unknown key", "a key for other things"],
)
def test_a_key_that_may_not_predict_is_one_sentence(place: Place, key: str, words: str) -> None:
    with serving(place.folder, API_KEYS=KEYS) as server:
        done = place.traffic("--connections", "1", port=server.port, API_KEY=key)
    assert _sentence(done) == f"the service refused row 1 {words}"


def test_a_key_that_may_not_report_is_one_sentence_after_the_figures(place: Place) -> None:
    with serving(place.folder, API_KEYS=KEYS) as server:
        done = place.traffic("--limit", "5", port=server.port, API_KEY=ASKER)
    assert _figure(done.stdout, "rows") == "5"
    assert _sentence(done) == (
        "the service refused 5 outcomes (403): key 'asker' lacks the scope outcomes; "
        "set API_KEY to a key that may do this"
    )


@pytest.mark.parametrize("batch", ["1", "9"])
def test_a_model_of_another_contract_is_one_sentence(tmp_path: Path, batch: str) -> None:
    place = _place(tmp_path, model_toml=MODEL_TOML.split('[[features]]\nname = "city"', maxsplit=1)[0])
    with serving(tmp_path) as server:
        done = place.traffic("--connections", "1", "--batch", batch, port=server.port)
    assert _sentence(done) == f"the service refused row 1 (422): city: missing; {OTHER_CONTRACT}"


def test_a_batch_that_is_too_long_for_the_service_is_not_taken_for_another_contract(place: Place) -> None:
    with serving(place.folder, MAX_BATCH_ROWS="10") as server:
        done = place.traffic("--connections", "1", "--batch", "11", port=server.port)
    assert _sentence(done) == "the service refused rows 1 to 11 (422): rows: takes 1 to 10 rows, found 11"


def test_a_model_of_another_target_is_one_sentence(tmp_path: Path) -> None:
    place = _place(tmp_path, Task.REGRESSION)
    DirectoryRegistry(tmp_path / "registry").publish(make_bundle(tmp_path / "next", tag="model-v2.0.0"))
    with serving(tmp_path) as server:
        done = place.traffic("--connections", "1", port=server.port)
    assert _sentence(done) == (
        f"http://127.0.0.1:{server.port}: its answers are not about 'price', the target of model.toml; "
        "run scripts/serve, or set --url to where the service is"
    )


def test_a_service_that_is_not_there_is_one_sentence(place: Place) -> None:
    port = free_port()
    assert _sentence(place.traffic(port=port)) == (
        f"http://127.0.0.1:{port}: nothing answers there; run scripts/serve, or set --url to where the service is"
    )


@contextmanager
def _web_server(folder: Path) -> Iterator[int]:
    """Something else that listens: it shows files, and takes no POST."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()


def test_another_server_in_its_place_is_one_sentence(place: Place) -> None:
    with _web_server(place.folder) as port:
        done = place.traffic("--connections", "1", "--url", f"http://127.0.0.1:{port}/", port=1)
    assert _sentence(done) == "the service refused row 1 (501): Unsupported method ('POST')"
