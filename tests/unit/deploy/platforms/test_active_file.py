from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.errors import PlatformRefused
from deploy.platforms.active_file import ActiveFile
from deploy.platforms.slots import Colour

BLUE, GREEN = Colour.BLUE, Colour.GREEN


@pytest.fixture
def active(tmp_path: Path) -> ActiveFile:
    return ActiveFile(tmp_path / "active")


@pytest.mark.parametrize(
    ("order", "text"),
    [
        ((BLUE,), "blue"),
        ((GREEN,), "green"),
        ((BLUE, GREEN), "blue+green"),
        ((GREEN, BLUE), "green+blue"),
    ],
)
def test_an_order_is_read_as_it_was_written(active: ActiveFile, order: tuple[Colour, ...], text: str) -> None:
    active.write(order)

    assert (active.path.read_text(), active.read()) == (text, order)


def test_without_a_file_nothing_serves_and_nothing_serves_again_after_none(active: ActiveFile) -> None:
    assert active.read() == ()

    active.write((BLUE,))
    active.write(())

    assert (active.path.read_text(), active.read()) == ("none", ())


def test_an_order_written_by_hand_may_end_its_line(active: ActiveFile) -> None:
    active.path.write_text("green\n")

    assert active.read() == (GREEN,)


def test_what_goes_on_serving_serves_since_when_it_did(active: ActiveFile) -> None:
    active.write((GREEN, BLUE))
    os.utime(active.path, (1_000_000_000, 1_000_000_000))

    active.write((GREEN,))

    assert active.since.timestamp() == 1_000_000_000
    active.write((BLUE,))
    assert active.since.timestamp() > 1_000_000_000


@pytest.mark.parametrize("content", [b"", b"red", b"blue+blue", b"blue\0", b"\xff", b"blue green", b"none+blue"])
def test_anything_else_is_named_with_what_would_be_right(active: ActiveFile, content: bytes) -> None:
    active.path.write_bytes(content)

    with pytest.raises(PlatformRefused, match=r"it takes blue, blue\+green, green, green\+blue, none: write the slot"):
        active.read()


def test_a_folder_in_its_place_is_named(active: ActiveFile) -> None:
    active.path.mkdir()

    with pytest.raises(PlatformRefused, match="it must be a file that can be read"):
        active.read()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    active = ActiveFile(tmp_path / "gone" / "active")

    with pytest.raises(PlatformRefused, match="it must be a file that can be written"):
        active.write((BLUE,))
