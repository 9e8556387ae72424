"""Shows long work: bars on a terminal, one line a step elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from core.command import printable


class Progress:
    """Reports steps on a console, standard error by default, so that output can be piped."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False)
        # Says on a terminal, behind the title of the step that is under way, how far it is.
        self._remark: Callable[[str], object] = _nothing

    @contextmanager
    def step(self, title: str, *, total: int | None = None) -> Iterator[Callable[[str], None]]:
        """
        One step of the work.

        Args:
            title: What is being done.
            total: How often the yielded function will be called, if that is known.

        Yields:
            A function to call with what was just finished.
        """
        started, title = time.monotonic(), printable(title)
        if self._console.is_terminal:
            columns = [SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn()]
            if total is not None:
                columns[2:2] = [BarColumn(bar_width=24), MofNCompleteColumn()]
            with Bars(*columns, console=self._console, transient=True) as bars:
                task = bars.add_task(title, total=total)
                self._remark = lambda text: bars.update(task, description=f"{title} ({text})")
                try:
                    yield lambda detail: bars.update(task, advance=1, description=f"{title} ({detail})")
                finally:
                    self._remark = _nothing
        else:
            self.say(f"  {title} ...")
            yield lambda _detail: None
        self.say(f"  {title}: {time.monotonic() - started:.1f} s")

    def transferred(self, name: str, done: int, total: int) -> None:
        """How many bytes of a file were sent or fetched by the step that is under way, and how many there are."""
        self._remark(f"{name} {100 * done // max(total, 1)} %")

    def say(self, text: str) -> None:
        """One line of news."""
        self._console.print(printable(text), markup=False)


def _nothing(_text: str) -> None:
    """What a step says that nobody watches."""
