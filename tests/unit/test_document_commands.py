"""
Every command that a document shows is taken as it is shown: the program is there, and knows each word.

Nothing is run but what reads the words. Of a program that needs an account or a daemon (`fly`, `docker`) only what is
ours can be told here: what its double knows, and the names that our own files give.
"""

from __future__ import annotations

import importlib
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click
import pytest
from ruamel.yaml import YAML

from doubles.fly.__main__ import _parser as fly_parser
from ml.__main__ import main as ml_commands
from tests.commands import ROOT
from tests.documents import DOCUMENTS, blocks, commands, spans
from tests.documents import Command as Shown

# What is not released yet is said of the code as it is.
_HELD = (*DOCUMENTS, ROOT / "CHANGELOG.md") if (ROOT / "example").is_dir() else DOCUMENTS
SHOWN = sorted({command for document in _HELD for command in commands(document)}, key=str)
FOREIGN = ("docker", "fly")
# What stands for something of the reader's own.
_MEANT = {"FILE": "a.csv", "TAG": "model-v1.0.0", "[TAG]": "model-v1.0.0"}
_WITH_VALUE = {"--since", "--tail", "--profile"}
# Options that belong to a program of others, where a document shows them by themselves.
_OPTIONS_OF_OTHERS = {"--build-arg", "--env", "--stage"}


def _is_module(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _source(module: str) -> str:
    spec = find_spec(module)
    assert spec is not None
    return Path(spec.origin or "").read_text()


def _target(words: tuple[str, ...]) -> tuple[str, list[str]]:
    """The module that a command ends in, and what it gets there; no module where a script does all by itself."""
    if not words[0].startswith("scripts/"):
        return words[2], list(words[3:])
    text = (ROOT / words[0]).read_text()
    # What a script takes for itself, it hands on to nobody.
    own = set(re.findall(r"(--[a-z-]+)(?:\)| \])", text))
    given = [word for word in words[1:] if word not in own]
    if words[0] == "scripts/bench":
        what = given.pop(0).replace("-", "_") if given else "serving"
        return next(name for name in (f"bench.{what}", f"example.bench.{what}") if _is_module(name)), given
    calls = re.findall(r'"\$VENV/bin/python" -m ([a-z.]+)((?: --?[a-z-]+| [a-z-]+)*)[^$\n]*"\$@"', text)
    assert len(calls) < 2, words
    return (calls[0][0], calls[0][1].split() + given) if calls else ("", given)


def _hold_to_click(command: click.Command, arguments: list[str]) -> None:
    """Let a command read its arguments, which raises what is wrong with them; without any it is meant as such."""
    while isinstance(command, click.Group) and arguments:
        name, *arguments = arguments
        assert name in command.commands, f"no command {name!r}; there are {', '.join(command.commands)}"
        command = command.commands[name]
    if arguments:
        command.make_context(command.name or "", arguments)


@pytest.mark.parametrize("shown", [each for each in SHOWN if each.words[0] not in FOREIGN], ids=str)
def test_a_command_is_there_and_takes_what_is_shown(shown: Shown) -> None:
    if shown.words[0].startswith("scripts/"):
        assert (ROOT / shown.words[0]).is_file()
    else:
        assert shown.words[1] == "-m"
    module, arguments = _target(shown.words)
    # `python -m …` stands for any, and pip is Python's.
    if module in ("", "…", "pip", "pytest"):
        return
    name = f"{module}.__main__" if _is_module(f"{module}.__main__") else module
    assert _is_module(name), f"there is no {module}"
    source = _source(name)
    assert 'if __name__ == "__main__":' in source
    main = importlib.import_module(name).main if "import click" in source else None
    if isinstance(main, click.Command):
        _hold_to_click(main, [_MEANT.get(argument, argument) for argument in arguments])
    else:
        # The benches' libraries may not be here; they take options only.
        assert [word for word in arguments if word.startswith("--") and f'"{word}"' not in source] == []


def test_the_documents_show_commands_in_every_way_that_is_looked_for() -> None:
    shown = {str(each) for each in SHOWN}
    for known in (
        "README.md: scripts/train --as-of 2026-07-01",
        "README.md: .venv/bin/python -m app keys new NAME --scope predict",
        "docs/deploying.md: scripts/deploy TAG",
        "docs/deploying.md: python -m deploy plan TAG",
        "docs/deploying.md: /srv/slipway/.venv/bin/python -m deploy up",
        "docs/github.md: scripts/doctor --repository OWNER/NAME",
    ):
        assert known in shown


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        ("scripts/trian", "is_file"),
        ("scripts/deploy model-1", "is not a model tag"),
        ("scripts/train --as_of 2026-07-01", "No such option"),
        ("python -m ml tarin", "no command 'tarin'"),
        ("python -m bench.judging_limits", "there is no bench.judging_limits"),
        ("scripts/bench swaps --swap 3", r"\['--swap'\]"),
    ],
)
def test_a_command_that_would_fail_is_found(words: str, wrong: str) -> None:
    with pytest.raises((AssertionError, click.UsageError), match=wrong):
        test_a_command_is_there_and_takes_what_is_shown(Shown(document="", words=tuple(words.split())))


@cache
def _compose_file() -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe", pure=True).load((ROOT / "docker-compose.yml").read_text())
    return found


@pytest.mark.parametrize("shown", [each for each in SHOWN if each.words[0] in FOREIGN], ids=str)
def test_a_command_of_others_names_what_is_ours(shown: Shown) -> None:
    if shown.words[:2] == ("fly", "deploy") and len(shown.words) > 2:
        assert fly_parser().parse_args(shown.words[1:]).strategy in (ROOT / "fly.toml").read_text()
    if shown.words[:2] == ("docker", "compose"):
        assert set(_services_of(shown.words)) <= set(_compose_file()["services"])
    if "--profile" in shown.words:
        profile = shown.words[shown.words.index("--profile") + 1]
        assert profile in {
            each for service in _compose_file()["services"].values() for each in service.get("profiles", ())
        }


def _services_of(words: tuple[str, ...]) -> list[str]:
    """The services that a command of docker compose names, after its own name."""
    pairs = zip(words[2:], ("", *words[2:]), strict=False)
    return [word for word, before in pairs if not word.startswith("-") and before not in _WITH_VALUE][1:]


def _known_options() -> set[str]:
    """Options of whatever is ours, as its source writes them."""
    folders = ("app", "bench", "control", "core", "deploy", "doubles", "drift", "example", "ml", "scripts")
    sources = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in ("", ".py")]
    return {option for path in sources if path.is_file() for option in re.findall(r"--[a-z][a-z-]+", path.read_text())}


def test_every_option_that_stands_by_itself_is_one_of_ours() -> None:
    known = _known_options() | _OPTIONS_OF_OTHERS
    for document in DOCUMENTS:
        for shown in spans(document):
            if shown.startswith("--"):
                assert set(re.findall(r"--[a-z-]+", shown)) <= known, f"{document.name}: {shown}"


def test_the_options_of_adopt_are_all_in_its_page() -> None:
    table = (ROOT / "docs/adopting.md").read_text().split("| option | says |")[1].split("\n\n")[0]
    shown = {
        option for row in re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE) for option in re.findall(r"--[a-z-]+", row)
    }
    taken = {
        option for parameter in ml_commands.commands["adopt"].params for option in parameter.opts if "--" in option
    }
    own = set(re.findall(r"^ +(--[a-z-]+)\)", (ROOT / "scripts/adopt").read_text(), re.MULTILINE))
    # The script hands over the folder, and the command that is shown names the target.
    assert shown == (taken | own) - {"--within", "--target"}


def test_every_bench_is_named_in_a_document() -> None:
    text = "".join(document.read_text() for document in DOCUMENTS)
    for path in (*ROOT.glob("bench/*.py"), *ROOT.glob("example/bench/*.py")):
        name = path.stem.replace("_", "-")
        if 'if __name__ == "__main__":' in path.read_text() and name != "serving":
            assert re.search(rf"`(?:scripts/bench )?{name}`", text), name


def test_shell_blocks_hold_nothing_but_commands_and_variables() -> None:
    for document in DOCUMENTS:
        for block in blocks(document, "sh"):
            for line in re.sub(r"'[^']*'", "TEXT", block).replace("\\\n", " ").splitlines():
                assert re.match(r"export |[A-Z_]+=|scripts/|\.venv/bin/python -m |fly |docker |curl ", line), line
