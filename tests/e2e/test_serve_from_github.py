"""A service whose model comes from a release: pulled, verified, served; again without GitHub; never damaged."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from core.bundle import Bundle
from core.github.releases import ReleasesRegistry
from core.registry import DirectoryRegistry
from core.tags import ModelTag
from doubles.github import GitHub
from tests.commands import ROOT
from tests.factories import GOLDEN_INPUTS, GRAPH_NAME, make_bundle
from tests.github import REPOSITORY, make_client

TAG = ModelTag(1, 1, 0)
READY_S = 30.0


@pytest.fixture
def published(tmp_path: Path) -> Iterator[tuple[GitHub, Bundle]]:
    """A model in a release of a public repository."""
    with GitHub(tmp_path / "github") as github:
        github.add_repository(REPOSITORY)
        publisher = make_client(github, github.token(contents="write"))
        for tag in (ModelTag(1, 0, 0), TAG, ModelTag(1, 2, 0)):
            bundle = make_bundle(tmp_path / str(tag), tag=str(tag))
            ReleasesRegistry(publisher, DirectoryRegistry(tmp_path / "publisher")).publish(bundle)
        yield github, bundle
        assert github.violations == []
        assert github.leaks == []


def start(folder: Path, github: GitHub, port: int, **changes: str) -> subprocess.Popen[str]:
    variables = {
        "PATH": os.environ["PATH"],
        "PORT": str(port),
        "MODEL_REGISTRY": f"github:{REPOSITORY}",
        "MODEL_TAG": str(TAG),
        "MODEL_CACHE": str(folder / "cache"),
        "DEPLOYMENT_LEDGER": f"file:{folder / 'ledger.jsonl'}",
        "JOURNAL_DIR": str(folder / "journal"),
        "GITHUB_API_URL": github.api_url,
        "GITHUB_SERVER_URL": github.server_url,
        **changes,
    }
    command = [sys.executable, "-m", "app", "serve"]
    return subprocess.Popen(command, cwd=ROOT, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@contextmanager
def serving(folder: Path, github: GitHub) -> Iterator[str]:
    """A service that is ready, by its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
    process = start(folder, github, port)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_ready(process, url)
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


def wait_until_ready(process: subprocess.Popen[str], url: str) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        try:
            if requests.get(f"{url}/readyz", timeout=1).ok:
                return
        except requests.RequestException:
            time.sleep(0.05)
    pytest.fail("the service was not ready in time")


def predict(url: str) -> dict[str, object]:
    found: dict[str, object] = requests.post(f"{url}/v1/predict", json=dict(GOLDEN_INPUTS[0]), timeout=10).json()
    return found


def test_a_model_is_pulled_verified_and_served_and_again_while_github_is_away(
    tmp_path: Path, published: tuple[GitHub, Bundle]
) -> None:
    github, bundle = published
    with serving(tmp_path, github) as url:
        answer = predict(url)
    assert answer["model_tag"] == str(TAG)
    assert answer["score"] == pytest.approx(bundle.golden().rows[0].score[0], abs=1e-6)
    github.__exit__()
    try:
        with serving(tmp_path, github) as url:
            again = predict(url)
        assert (again["model_tag"], again["score"]) == (answer["model_tag"], answer["score"])

        path = tmp_path / "cache" / github.server_url.removeprefix("http://").replace(":", "-") / REPOSITORY
        graph = path / str(TAG) / GRAPH_NAME
        content = bytearray(graph.read_bytes())
        content[len(content) // 2] ^= 1
        graph.write_bytes(content)
        process = start(tmp_path, github, 1024)
        _, said = process.communicate(timeout=30)
        assert process.returncode == 1
        assert f"error: {graph}: sha256 is " in said
        assert "Traceback" not in said
    finally:
        github.__enter__()


def test_without_a_tag_it_is_said_that_one_is_needed(tmp_path: Path, published: tuple[GitHub, Bundle]) -> None:
    github, _ = published
    process = start(tmp_path, github, 1024, MODEL_TAG="")
    _, said = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "MODEL_TAG: names the tag to serve of github:acme/flights" in said


def test_a_tag_that_is_not_published_is_told_what_is(tmp_path: Path, published: tuple[GitHub, Bundle]) -> None:
    github, _ = published
    process = start(tmp_path, github, 1024, MODEL_TAG="model-v9.0.0")
    _, said = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "model-v9.0.0 is not in the registry: it holds model-v1.0.0, model-v1.1.0, model-v1.2.0" in said
