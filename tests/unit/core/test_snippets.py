"""A pasted request sends the very row, whatever its columns are called and hold."""

from __future__ import annotations

import ast
import json
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.contract import MAX_MAGNITUDE, Row
from core.snippets import predict_snippets

URL = "http://127.0.0.1:8000"
HOSTILE: dict[str, float | str | None] = {
    "it's": 'O\'Brien said "no"',
    "a`b$(id)": "$HOME `id` \\ !! %s {x}",
    "__proto__": 1.5,
    "class": None,
    "</script>": "line\nbreak\r\ttab\x7f\x1b[31m\x9b31m\u2028\u202e",
    "größe 身長 😀": "\U000e0001",
    "1st": 1e300,
    "whole": 30.0,
    "tiny": -1e-300,
    "": "",
}
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES = st.none() | TEXTS | st.floats(-MAX_MAGNITUDE, MAX_MAGNITUDE) | st.integers(-(2**70), 2**70)
ROWS = st.dictionaries(TEXTS, VALUES, max_size=6)


def sent_by_curl(row: Row, *, needs_key: bool = False, url: str = URL) -> Any:
    words = shlex.split(predict_snippets(row, url, needs_key=needs_key).curl)
    assert words[:3] == ["curl", "-s", f"{url}/v1/predict"]
    assert ("Authorization: Bearer $API_KEY" in words) is needs_key
    return json.loads(words[words.index("--data-raw") + 1])


def sent_by_python(row: Row, *, needs_key: bool = False, url: str = URL) -> Any:
    *_, assigned, asked, printed = ast.parse(predict_snippets(row, url, needs_key=needs_key).python).body
    assert isinstance(assigned, ast.Assign)
    assert isinstance(asked, ast.Assign)
    assert isinstance(asked.value, ast.Call)
    assert ast.literal_eval(asked.value.args[0]) == f"{url}/v1/predict"
    assert ("headers" in {keyword.arg for keyword in asked.value.keywords}) is needs_key
    assert ast.unparse(printed) == "print(answer.json())"
    return ast.literal_eval(assigned.value)


@settings(max_examples=200)
@given(row=ROWS, needs_key=st.booleans())
@example(row=HOSTILE, needs_key=True)
@example(row={}, needs_key=False)
def test_the_row_that_curl_and_python_send_is_the_very_row(row: Row, *, needs_key: bool) -> None:
    assert sent_by_curl(row, needs_key=needs_key) == row
    assert sent_by_python(row, needs_key=needs_key) == row


@given(url=TEXTS)
def test_no_address_breaks_out_of_a_snippet(url: str) -> None:
    assert sent_by_curl({"a": 1}, url=url) == {"a": 1}
    assert sent_by_python({"a": 1}, url=url) == {"a": 1}


@given(row=ROWS)
@example(row=HOSTILE)
def test_nothing_that_a_terminal_obeys_is_pasted(row: Row) -> None:
    snippets = predict_snippets(row, URL, needs_key=True)
    for text in (snippets.curl, snippets.python, snippets.javascript):
        assert all(each.isprintable() for each in text.replace("\n", ""))


def test_whole_numbers_are_written_as_people_do() -> None:
    assert '"age": 30\n' in predict_snippets({"age": 30.0}, URL, needs_key=False).curl


def test_the_row_that_javascript_sends_is_the_very_row(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed; apt-get install nodejs")
    program = tmp_path / "asks.js"
    stub = (
        "const fetch = (url, request) => { process.stdout.write(JSON.stringify([url, request])); "
        "return { then: () => ({ then: () => null }) } };\n"
    )
    program.write_text(stub + predict_snippets(HOSTILE, URL, needs_key=True).javascript, encoding="utf-8")
    done = subprocess.run(
        [node, str(program)], env={"API_KEY": "k"}, capture_output=True, text=True, check=True, timeout=60
    )
    url, request = json.loads(done.stdout)
    assert (url, request["method"]) == (f"{URL}/v1/predict", "POST")
    assert request["headers"] == {"Content-Type": "application/json", "Authorization": "Bearer k"}
    assert json.loads(request["body"]) == HOSTILE


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_a_shell_reads_the_words_as_they_are_meant(tmp_path: Path, shell: str) -> None:
    snippet = predict_snippets(HOSTILE, URL, needs_key=True).curl
    program = 'curl() { for word do printf "%s\\0" "$word"; done; }\n' + snippet
    done = subprocess.run([shell, "-c", program], env={"API_KEY": "k"}, capture_output=True, check=True, timeout=60)
    words = done.stdout.decode().split("\0")
    assert "Authorization: Bearer k" in words
    assert json.loads(words[words.index("--data-raw") + 1]) == HOSTILE
