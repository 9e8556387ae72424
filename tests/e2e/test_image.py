"""The container image: built from the real Dockerfile, small, run as a platform runs it, its file system read-only."""

from __future__ import annotations

import itertools
import json
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import pytest

from app.keys import Scope, new_key
from core.bundle import Bundle
from core.github.releases import ReleasesRegistry
from core.registry import DirectoryRegistry
from core.tags import FIRST_TAG
from doubles.github import GitHub
from tests.commands import ROOT, Home
from tests.compose import composed
from tests.factories import GOLDEN_INPUTS, make_bundle
from tests.github import REPOSITORY, make_client
from tests.images import BASE, STATE, Container, Images, as_root, memory_mb, started, writable
from tests.integration.test_gunicorn import LOOPBACK, Server, free_port
from tests.one_host import wait_for

pytestmark = pytest.mark.slow
MOST_ADDED_MB, MOST_MEMORY_MB = 200, 150
IMAGE = "localhost/slipway"
SECRET, KEY = new_key("test", [Scope.PREDICT])
LOAD_S, BATCH_ROWS = 4.0, 1000
# Where the container sees a registry of this machine.
REGISTRY = "/mnt"


@dataclass(frozen=True, kw_only=True)
class Built:
    """The image, a model of a private repository in it."""

    images: Images
    base: Container
    github: GitHub
    token: str
    duration_s: float

    @property
    def command(self) -> list[str]:
        """What the image starts."""
        return list(self.images.settings(IMAGE)["Cmd"])


def places(github: GitHub) -> dict[str, str]:
    """The variables that name the model that is in the image."""
    urls = {"GITHUB_API_URL": github.api_url, "GITHUB_SERVER_URL": github.server_url}
    return {"MODEL_TAG": str(FIRST_TAG), "MODEL_REGISTRY": f"github:{REPOSITORY}", **urls}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    folder = tmp_path_factory.mktemp("images")
    images = Images(folder)
    began = time.monotonic()
    base = images.make_base()
    with GitHub() as github:
        github.add_repository(REPOSITORY, private=True)
        publisher = make_client(github, github.token(contents="write"))
        ReleasesRegistry(publisher, DirectoryRegistry(folder / "cache")).publish(make_bundle(folder / "bundle"))
        token = github.token(contents="read")
        (folder / "token").write_text(token)
        options = [f"--build-arg={name}={value}" for name, value in places(github).items()]
        images.build(IMAGE, f"--secret=id=github_token,src={folder / 'token'}", *options)
    yield Built(images=images, base=base, github=github, token=token, duration_s=time.monotonic() - began)
    images.close()


@pytest.fixture(scope="module")
def container(built: Built) -> Container:
    """One for all tests, as nothing that runs in it can change it."""
    return built.images.container(IMAGE)


@contextmanager
def serving(
    built: Built, container: Container, folder: Path, variables: dict[str, str], volumes: dict[Path, str]
) -> Iterator[tuple[int, int]]:
    """The process id and the port of the image's own command, once it is ready; it ends with status 0 at SIGTERM."""
    port = free_port()
    environment = {"API_KEYS": str(KEY), "PORT": str(port), **variables}
    command = built.images.command(container, built.command, environment, writable(folder) | volumes)
    with started(command, built.images.environment, "gunicorn.conf.py") as service:
        Server(process=service.runner, port=port).wait_until_ready()
        yield service.pid, port


def ask(port: int, path: str, body: object) -> dict[str, object]:
    """The answer to one request on a connection of its own."""
    with closing(HTTPConnection(LOOPBACK, port, timeout=30)) as connection:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {SECRET}"}
        connection.request("POST", path, json.dumps(body), headers)
        response = connection.getresponse()
        content: dict[str, object] = json.loads(response.read())
    assert response.status == 200, content
    return content


def test_it_adds_at_most_so_much_to_its_base(
    built: Built, container: Container, capsys: pytest.CaptureFixture[str]
) -> None:
    added_mb = (container.size_bytes - built.base.size_bytes) / 1e6
    sizes = as_root("du", "--bytes", "--max-depth=1", str(_packages(container)))
    largest = sorted((line.split("\t") for line in sizes.splitlines()), key=lambda part: -int(part[0]))[1:9]
    with capsys.disabled():
        parts = ", ".join(f"{Path(path).name} {int(size) / 1e6:.0f}" for size, path in largest)
        said = f"built with its base in {built.duration_s:.0f} s, the image adds {added_mb:.0f} MB of {MOST_ADDED_MB}"
        print(f"\n{said}: {parts}")  # noqa: T201  # the figure is this test's result
    assert added_mb <= MOST_ADDED_MB


def _packages(container: Container) -> Path:
    return next(container.folder("/opt/venv/lib").glob("*/site-packages"))


def test_it_says_what_it_is_and_how_it_is_run(built: Built) -> None:
    settings = built.images.settings(IMAGE)
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", settings["User"])
    assert settings["StopSignal"] == "SIGTERM"
    assert settings["Cmd"][0] == "gunicorn"
    assert settings["Healthcheck"]["Test"][0] == "CMD"
    labels = settings["Labels"]
    assert f'version = "{labels["org.opencontainers.image.version"]}"' in (ROOT / "pyproject.toml").read_text()
    assert re.fullmatch(r"[0-9a-f]{40}(-dirty)?", labels["org.opencontainers.image.revision"])


def test_it_holds_the_service_and_nothing_to_build_test_or_train_with(container: Container) -> None:
    service = {path.name for path in container.folder("/srv/slipway").iterdir()}
    assert service - {"__pycache__"} == {"LICENSE", "app", "core", "gunicorn.conf.py", "watch"}
    folders = map(container.folder, ("/opt/venv/bin", "/usr/bin", "/usr/local/bin"))
    programs = {path.name for folder in folders for path in folder.iterdir()}
    assert "gunicorn" in programs
    assert not {name for name in programs if re.fullmatch(r"(pip|uv|gcc|cc|make|git|curl|pytest).*", name)}
    packages = _packages(container)
    assert not list(itertools.chain(packages.glob("pip*"), packages.glob("**/tests"), packages.glob("xgboost")))
    assert not list(container.folder("/root").glob(".cache*"))


def test_the_token_that_fetched_the_model_is_not_in_it(built: Built, container: Container) -> None:
    assert built.token not in built.images.buildah("inspect", "--type", "image", IMAGE)
    search = 'grep --recursive --files-with-matches "$0" "$1" || true'
    assert as_root("sh", "-c", search, built.token, str(container.folder(STATE))) == ""
    assert not container.folder("/run/secrets/github_token").exists()


def test_the_model_in_it_is_served_and_nothing_is_fetched_or_told(
    built: Built, container: Container, tmp_path: Path
) -> None:
    # GitHub has ended, so that what answers is the copy in the image.
    models = container.folder(f"{STATE}/models")
    volumes = {models: f"{STATE}/models"}
    with serving(built, container, tmp_path, places(built.github), volumes) as (pid, port):
        answer = ask(port, "/v1/predict", dict(GOLDEN_INPUTS[0]))
        test = built.images.settings(IMAGE)["Healthcheck"]["Test"][1:]
        health = [built.images.run(container, *test, variables={"PORT": str(asked)}, volumes={}) for asked in (port, 1)]
        assert as_root("stat", "--format=%u", f"/proc/{pid}").strip() != "0"
    assert answer["model_tag"] == str(FIRST_TAG)
    assert [done.returncode for done in health] == [0, 1]
    # Neither a library's telemetry nor gunicorn leaves anything behind.
    assert {path.name for path in (tmp_path / "state").iterdir()} <= {"journal", "models"}
    assert list((tmp_path / "temporary").iterdir()) == []


def test_it_stays_small_under_load_with_the_shipped_model(
    built: Built, container: Container, shipped: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = DirectoryRegistry(shipped.registry).fetch(FIRST_TAG)
    variables = {"MODEL_TAG": str(FIRST_TAG), "MODEL_REGISTRY": f"directory:{REGISTRY}"}
    with serving(built, container, tmp_path, variables, {shipped.registry: REGISTRY}) as (pid, port):
        most_mb, answered = _load(port, bundle, lambda: memory_mb(pid))
    with capsys.disabled():
        said = f"{most_mb:.0f} MB of {MOST_MEMORY_MB} while {answered} requests were answered"
        print(f"\n{said}")  # noqa: T201  # the figure is this test's result
    assert most_mb <= MOST_MEMORY_MB


def _load(port: int, bundle: Bundle, memory: Callable[[], float]) -> tuple[float, int]:
    """The most memory while four callers ask, one of them for batches, and how many requests were answered."""
    rows = [dict(golden.row) for golden in bundle.golden().rows]
    batch = {"rows": list(itertools.islice(itertools.cycle(rows), BATCH_ROWS))}
    deadline = time.monotonic() + LOAD_S

    def call(path: str, body: object) -> int:
        for count in itertools.count():
            if time.monotonic() > deadline:
                return count
            ask(port, path, body)
        raise AssertionError

    with ThreadPoolExecutor() as callers:
        calls = [callers.submit(call, "/v1/predict", rows[number]) for number in range(3)]
        calls.append(callers.submit(call, "/v1/predict/batch", batch))
        samples = [memory()]
        while not all(each.done() for each in calls):
            samples.append(memory())
        return max(samples), sum(each.result() for each in calls)


def test_the_platforms_release_command_scores_the_golden_rows(
    built: Built, container: Container, tmp_path: Path
) -> None:
    DirectoryRegistry(tmp_path / "registry").publish(make_bundle(tmp_path / "bundle"))
    variables = {"MODEL_REGISTRY": f"directory:{REGISTRY}", "API_KEYS": str(KEY)}
    volumes = writable(tmp_path) | {tmp_path / "registry": REGISTRY}
    check = ["python", "-m", "app", "check"]
    good, bad = (
        built.images.run(container, *check, variables={**variables, "MODEL_TAG": tag}, volumes=volumes)
        for tag in (str(FIRST_TAG), "model-v9.0.0")
    )
    assert (good.returncode, bad.returncode) == (0, 1)
    assert "3 golden rows scored as at training" in good.stderr
    assert "error: model-v9.0.0 is not in the registry: it holds model-v1.0.0" in bad.stderr


def test_the_receiver_of_alerts_runs_in_it_beside_the_service(
    built: Built, container: Container, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    service = composed()["services"]["watch"]
    port = free_port()
    variables = {**service["environment"], "WATCH_TOKEN": "a-token-of-a-test", "WATCH_PORT": str(port)}
    # What docker mounts there is not here.
    del variables["WATCH_TOKEN_FILE"]
    command = built.images.command(container, service["command"], variables, writable(tmp_path))
    with started(command, built.images.environment, "receive") as receiver:
        test = [part.replace("9095", str(port)) for part in service["healthcheck"]["test"][1:]]
        wait_for(lambda: built.images.run(container, *test, variables={}, volumes={}).returncode == 0)
        used_mb = memory_mb(receiver.pid)
    with capsys.disabled():
        print(f"\nthe receiver takes {used_mb:.0f} MB of {service['mem_limit']}")  # noqa: T201  # as above
    assert used_mb <= int(service["mem_limit"].removesuffix("m")) * 0.75


def test_without_a_tag_it_says_so_and_ends(built: Built, container: Container, tmp_path: Path) -> None:
    done = built.images.run(container, *built.command, variables={"API_KEYS": str(KEY)}, volumes=writable(tmp_path))
    assert done.returncode != 0
    assert "MODEL_TAG: APP_ENV=production needs a tag" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_its_base_is_the_one_that_the_dockerfile_names() -> None:
    assert f"ARG BASE={BASE}\n" in (ROOT / "Dockerfile").read_text()
