"""A service whose model comes from a release: pulled, verified, served; again without GitHub; never damaged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.bundle import Bundle
from core.github.releases import ReleasesRegistry
from core.registry import DirectoryRegistry
from core.tags import ModelTag
from doubles.github import GitHub
from tests.factories import GOLDEN_INPUTS, GRAPH_NAME, make_bundle
from tests.github import REPOSITORY, make_client
from tests.integration.test_gunicorn import Server, free_port, run, serving

TAG = ModelTag(1, 1, 0)


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


def places(folder: Path, github: GitHub, **changes: str) -> dict[str, str]:
    return {
        "MODEL_REGISTRY": f"github:{REPOSITORY}",
        "MODEL_TAG": str(TAG),
        "MODEL_CACHE": str(folder / "cache"),
        "GITHUB_API_URL": github.api_url,
        "GITHUB_SERVER_URL": github.server_url,
        **changes,
    }


def predict(server: Server) -> dict[str, object]:
    status, answer = server.request("POST", "/v1/predict", json.dumps(dict(GOLDEN_INPUTS[0])).encode())
    assert status == 200
    return answer


def refused(folder: Path, github: GitHub, **changes: str) -> str:
    """What a service says that does not start."""
    done = run(folder, "app", "serve", PORT=str(free_port()), **places(folder, github, **changes))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_model_is_pulled_verified_and_served_and_again_while_github_is_away(
    tmp_path: Path, published: tuple[GitHub, Bundle]
) -> None:
    github, bundle = published
    with serving(tmp_path, **places(tmp_path, github)) as server:
        answer = predict(server)
    assert answer["model_tag"] == str(TAG)
    assert answer["score"] == pytest.approx(bundle.golden().rows[0].score[0], abs=1e-6)
    github.__exit__()
    try:
        with serving(tmp_path, **places(tmp_path, github)) as server:
            again = predict(server)
        assert (again["model_tag"], again["score"]) == (answer["model_tag"], answer["score"])

        cache = tmp_path / "cache" / github.server_url.removeprefix("http://").replace(":", "-") / REPOSITORY
        graph = cache / str(TAG) / GRAPH_NAME
        content = bytearray(graph.read_bytes())
        content[len(content) // 2] ^= 1
        graph.write_bytes(content)
        assert f"error: {graph}: sha256 is " in refused(tmp_path, github)
    finally:
        github.__enter__()


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ("", "MODEL_TAG: names the tag to serve of github:acme/forecast"),
        (
            "model-v9.0.0",
            "model-v9.0.0 is not in the registry: it holds model-v1.0.0, model-v1.1.0, model-v1.2.0",
        ),
    ],
    ids=["none", "unknown"],
)
def test_a_tag_that_cannot_be_served_is_told_what_can(
    tmp_path: Path, published: tuple[GitHub, Bundle], tag: str, said: str
) -> None:
    github, _ = published
    assert said in refused(tmp_path, github, MODEL_TAG=tag)
