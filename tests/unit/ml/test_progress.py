"""Long work is shown as bars on a terminal and as lines elsewhere."""

from __future__ import annotations

import re
from io import StringIO

import pytest
from rich.console import Console

from ml.progress import Progress


def _work(*, terminal: bool) -> str:
    output = StringIO()
    progress = Progress(Console(file=output, force_terminal=terminal, width=100, highlight=False))
    with progress.step("Fitting", total=2) as advance:
        advance("first")
        advance("second")
    with progress.step("Reading"):
        pass
    progress.say("note: [3 rows] were left out")
    return output.getvalue()


def test_without_a_terminal_every_step_is_two_lines() -> None:
    lines = _work(terminal=False).splitlines()
    assert [re.sub(r"\d+\.\d s", "# s", line) for line in lines] == [
        "  Fitting ...",
        "  Fitting: # s",
        "  Reading ...",
        "  Reading: # s",
        "note: [3 rows] were left out",
    ]


def test_on_a_terminal_the_step_shows_what_was_just_finished() -> None:
    output = _work(terminal=True)
    assert "Fitting (second)" in output
    assert "2/2" in output


def test_on_a_terminal_the_times_stay() -> None:
    assert re.search(r"  Fitting: \d+\.\d s\n", _work(terminal=True))


def test_square_brackets_in_news_are_shown_as_they_are() -> None:
    assert "note: [3 rows] were left out" in _work(terminal=False)


@pytest.mark.parametrize("terminal", [True, False], ids=["terminal", "file"])
def test_a_title_is_a_text_whatever_it_holds(terminal: bool) -> None:
    output = StringIO()
    with Progress(Console(file=output, force_terminal=terminal, highlight=False)).step("Reading a[/b].csv\x1b]0;"):
        pass
    assert "Reading a[/b].csv\\x1b]0;: " in output.getvalue()


@pytest.mark.parametrize("terminal", [True, False], ids=["terminal", "file"])
def test_an_error_passes_through_a_step(terminal: bool) -> None:
    progress = Progress(Console(file=StringIO(), force_terminal=terminal))
    with pytest.raises(ZeroDivisionError), progress.step("Dividing"):
        _ = 1 / 0


def test_progress_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress().step("Reading"):
        pass
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Reading ..." in captured.err


def _transfer(*, terminal: bool) -> str:
    output = StringIO()
    progress = Progress(Console(file=output, force_terminal=terminal, width=100, highlight=False))
    progress.transferred("early.onnx", 1, 2)
    with progress.step("Publishing"):
        progress.transferred("ensemble.onnx", 3, 4)
        progress.transferred("empty.json", 0, 0)
    progress.transferred("late.onnx", 1, 2)
    return output.getvalue()


def test_a_file_under_way_is_shown_behind_its_step_on_a_terminal() -> None:
    output = _transfer(terminal=True)
    assert "Publishing (empty.json 0 %)" in output
    assert "early" not in output
    assert "late" not in output


def test_without_a_terminal_no_file_is_shown() -> None:
    assert len(_transfer(terminal=False).splitlines()) == 2
