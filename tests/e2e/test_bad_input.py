"""Every mistake of a user is one clear sentence, a non-zero exit and nothing half-written."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.files import write_atomically
from core.registry import DirectoryRegistry
from tests.commands import Home
from tests.factories import make_bundle
from tests.tables import write_churn


@dataclass(frozen=True, kw_only=True, slots=True)
class Mistake:
    """What a user does to a good table, and the words the answer must hold."""

    name: str
    make: Callable[[Path], None]
    words: tuple[str, ...]


def _edit(name: str, old: str, new: str) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        path = folder / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    return edit


def _rewrite(change: Callable[[list[str]], list[str]]) -> Callable[[Path], None]:
    def rewrite(folder: Path) -> None:
        path = folder / "churn.csv"
        path.write_text("".join(change(path.read_text().splitlines(keepends=True))))

    return rewrite


MISTAKES = [
    Mistake(
        name="the data file is missing",
        make=lambda folder: (folder / "churn.csv").unlink(),
        words=("churn.csv does not exist", "dataset.path"),
    ),
    Mistake(
        name="model.toml is missing",
        make=lambda folder: (folder / "churn.toml").unlink(),
        words=("churn.toml: file: cannot be read (No such file or directory)",),
    ),
    Mistake(
        name="model.toml is not TOML",
        make=lambda folder: write_atomically(folder / "churn.toml", b"[dataset\n"),
        words=("churn.toml: file: is not TOML", "line 1"),
    ),
    Mistake(
        name="a column of the contract is absent",
        make=_edit("churn.toml", 'name = "plan"', 'name = "tariff"'),
        words=("segments[0]", "'plan' is not a categorical feature"),
    ),
    Mistake(
        name="a feature is absent from the data",
        make=_edit("churn.toml", 'name = "monthly spend"', 'name = "spend"'),
        words=("model.toml names 'spend', which the data do not have", "their columns are 'months as customer'"),
    ),
    Mistake(
        name="a column is of the wrong kind",
        make=_rewrite(lambda lines: [*lines[:7], *("many," + line.partition(",")[2] for line in lines[7:])]),
        words=("of the rows break the contract", "column 'months as customer', row 7: many is not a number"),
    ),
    Mistake(name="the data are empty", make=_rewrite(lambda lines: lines[:1]), words=("churn.csv: holds no rows",)),
    Mistake(name="the file is empty", make=_rewrite(lambda _lines: []), words=("churn.csv: holds no rows",)),
    Mistake(
        name="there is one class only",
        make=_rewrite(lambda lines: [line.replace("yes", "no") for line in lines]),
        words=("every outcome of 'left' is 'no'", "at least two"),
    ),
    Mistake(
        name="several things are wrong with model.toml",
        make=_edit("churn.toml", "low = 0\nhigh = 600", 'low = 700\nhigh = 600\nunits = "mo"'),
        words=(
            "2 faults",
            "features[0] (months as customer).units: unknown key",
            "features[0] (months as customer).high: must be above low (700)",
        ),
    ),
]


def _assert_one_clear_sentence(output: str, words: tuple[str, ...]) -> None:
    assert "Traceback" not in output
    (start,) = (number for number, line in enumerate(output.splitlines()) if line.startswith("error: "))
    message = "\n".join(output.splitlines()[start:])
    for word in words:
        assert word in message


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_training_names_the_mistake(mistake: Mistake, tmp_path: Path) -> None:
    model_file, home = write_churn(tmp_path).model_file, Home(folder=tmp_path / "home")
    mistake.make(tmp_path)
    done = home.run("ml", "train", "--publish", "--trials", "1", "--model-file", str(model_file))
    assert done.returncode == 1
    _assert_one_clear_sentence(done.stderr, mistake.words)
    assert not home.folder.exists() or not any(home.folder.iterdir())


@pytest.fixture
def published(tmp_path: Path) -> Home:
    home = Home(folder=tmp_path)
    DirectoryRegistry(home.registry).publish(make_bundle(tmp_path / "bundle"))
    return home


def test_a_corrupted_bundle_is_not_served(published: Home) -> None:
    path = published.registry / "model-v1.0.0" / "member-linear.onnx"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    done = published.run("app", "serve")
    assert done.returncode == 1
    _assert_one_clear_sentence(done.stderr, ("member-linear.onnx: sha256 is", "from a good copy, or serve another tag"))
    assert not (published.folder / "ledger.jsonl").exists()


def test_a_truncated_bundle_is_not_served(published: Home) -> None:
    path = published.registry / "model-v1.0.0" / "golden.json"
    path.write_bytes(path.read_bytes()[:-1])
    done = published.run("app", "check")
    assert done.returncode == 1
    _assert_one_clear_sentence(done.stderr, ("golden.json:", "the manifest says"))


def test_a_bundle_of_a_newer_format_asks_for_a_newer_slipway(tmp_path: Path) -> None:
    home = Home(folder=tmp_path)
    DirectoryRegistry(home.registry).publish(make_bundle(tmp_path / "bundle"))
    (directory,) = home.registry.iterdir()
    manifest = json.loads((directory / "manifest.json").read_text()) | {"format": 99}
    _reseal(directory, json.dumps(manifest))
    done = home.run("app", "check")
    assert done.returncode == 1
    _assert_one_clear_sentence(done.stderr, ("bundle format 99, this Slipway reads up to 3", "upgrade Slipway"))


def _reseal(directory: Path, manifest: str) -> None:
    import hashlib  # noqa: PLC0415  # only a forger needs it

    (directory / "manifest.json").write_text(manifest)
    (directory / "manifest.sha256").write_text(hashlib.sha256(manifest.encode()).hexdigest() + "\n")


def test_an_unknown_tag_is_answered_with_the_known_ones(published: Home) -> None:
    done = published.run("app", "serve", MODEL_TAG="model-v9.9.9")
    assert done.returncode == 1
    _assert_one_clear_sentence(done.stderr, ("model-v9.9.9 is not in the registry: it holds model-v1.0.0",))


def test_a_busy_port_is_named(published: Home) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = published.run("app", "serve", PORT=str(port))
    assert done.returncode == 1
    _assert_one_clear_sentence(done.stderr, (f"port {port} on 127.0.0.1 is in use", "set PORT"))


@pytest.mark.parametrize("command", [("app", "check"), ("ml", "tags")])
def test_malformed_variables_are_all_named(published: Home, command: tuple[str, str]) -> None:
    done = published.run(*command, MODEL_REGISTRY="ftp:x", DEPLOYMENT_LEDGER="nowhere")
    assert done.returncode == 1
    words = (
        "2 faults",
        "MODEL_REGISTRY: takes directory:PATH or github:OWNER/NAME, found 'ftp:x'",
        "DEPLOYMENT_LEDGER: takes file:PATH",
    )
    _assert_one_clear_sentence(done.stderr, words)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("ml", "train", "--tag", "v1"), "'v1' is not a model tag; one looks like model-v1.4.0"),
        (("ml", "train", "--as-of", "yesterday"), "does not match the format '%Y-%m-%d'"),
        (("ml", "train", "--trials", "0"), "0 is not in the range"),
        (("ml", "cord"), "No such command 'cord'"),
    ],
)
def test_a_wrong_argument_is_a_usage_error(arguments: tuple[str, ...], words: str, tmp_path: Path) -> None:
    done = Home(folder=tmp_path).run(*arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
