"""Keys are made, hashed, read back and found; nothing ever repeats one."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from app.__main__ import main
from app.keys import Scope, find_key, new_key, read_keys
from app.settings import ServiceSettings
from core.errors import SettingsError


def test_a_new_key_is_found_by_its_header_and_no_other() -> None:
    made = [new_key(f"k{number}", [Scope.PREDICT]) for number in range(3)]
    keys = [key for _, key in made]
    for secret, key in made:
        assert find_key(keys, f"Bearer {secret}") == key
        for wrong in (
            secret,
            f"bearer {secret}",
            f"Bearer  {secret}",
            f"Bearer {secret}x",
            f"Basic {secret}",
            "Bearer ",
            "",
        ):
            assert find_key(keys, wrong) is None


@given(st.text())
def test_no_header_is_a_key_or_an_error(header: str) -> None:
    _, key = new_key("k", [Scope.ADMIN])
    assert find_key([key], f"Bearer {header}") is None
    assert find_key([key], header) is None


def test_keys_are_read_as_they_are_written() -> None:
    keys = tuple(
        new_key(name, scopes)[1] for name, scopes in (("a", Scope), ("a", [Scope.ADMIN]), ("b-1.x_", [Scope.OUTCOMES]))
    )
    assert read_keys(" , ".join(map(str, keys))) == keys
    assert read_keys("") == ()


@pytest.mark.parametrize(
    "entry",
    [
        "a",
        "a:predict",
        "a:predict:xyz",
        f"a:all:{'0' * 64}",
        f":predict:{'0' * 64}",
        f"a::{'0' * 64}",
        f"a b:predict:{'0' * 64}",
        f"a:predict:{'0' * 65}",
        "slip_secret",
    ],
)
def test_a_malformed_entry_is_counted_and_not_repeated(entry: str) -> None:
    good = str(new_key("good", [Scope.PREDICT])[1])
    with pytest.raises(
        SettingsError, match=r"API_KEYS: takes entries name:scope\+scope:sha256.*; entry 2 is none"
    ) as caught:
        ServiceSettings.from_env({"API_KEYS": f"{good},{entry}"})
    assert entry not in str(caught.value).replace("name:scope+scope:sha256", "") or len(entry) < 3


def test_settings_do_not_show_keys() -> None:
    key = str(new_key("ci", [Scope.PREDICT])[1])
    settings = ServiceSettings.from_env({"API_KEYS": key, "RATE_LIMIT_STORAGE": "redis://:secret@127.0.0.1"})
    assert key.split(":")[2] not in repr(settings)
    assert "secret" not in repr(settings)


def test_the_command_prints_a_key_that_its_entry_lets_in() -> None:
    done = CliRunner().invoke(main, ["keys", "new", "ci", "--scope", "predict", "--scope", "outcomes"])
    assert done.exit_code == 0
    secret, entry = done.stdout.split()
    (key,) = read_keys(entry)
    assert find_key([key], f"Bearer {secret}") == key
    assert (key.name, key.scopes) == ("ci", frozenset({Scope.PREDICT, Scope.OUTCOMES}))


@pytest.mark.parametrize(
    "arguments", [["a b", "--scope", "predict"], ["a"], ["a", "--scope", "all"], ["x" * 41, "--scope", "admin"]]
)
def test_the_command_names_a_mistake(arguments: list[str]) -> None:
    done = CliRunner().invoke(main, ["keys", "new", *arguments])
    assert done.exit_code == 2
    assert "Traceback" not in done.output
    assert "NAME" in done.output or "--scope" in done.output
