"""`python -m drift simulate` from the rows on: tries the faults, shows how far it is, and prints what was found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from drift.columns import Columns
from drift.counts import Profile
from drift.report.printing import say
from drift.report.simulation import show_simulation
from drift.simulation.choice import usual_faults
from drift.simulation.faults import Fault
from drift.simulation.trial import simulate
from drift.thresholds import Thresholds

# The same rows give the same answer each time.
_SEED: Final = 20130101


def simulate_command(
    profile: Profile,
    windows: Sequence[Columns],
    faults: Sequence[Fault],
    console: Console,
    *,
    thresholds: Thresholds | None = None,
    drops_columns: bool = False,
) -> None:
    """
    Say which faults would be caught in some weeks.

    Args:
        profile: The reference of the tag that answered the rows.
        windows: Complete consecutive weeks, the oldest first; without one, that is said.
        faults: What is tried; the usual faults if it is empty.
        console: Is told.
        thresholds: What counts as a change; None for the defaults.
        drops_columns: Whether a column may be absent on purpose.

    Raises:
        ValueError: if a fault is of a column that the contract does not have.
    """
    if not windows:
        say(console, "There is no complete week of rows of this model yet; faults are put into complete weeks.")
        return
    chosen = faults or usual_faults(profile.contract, profile.reference)
    if not chosen:
        say(console, "Every column is a calendar's, and these are not compared; name the faults to be tried.")
    columns = [TextColumn("{task.description}"), BarColumn(bar_width=24), MofNCompleteColumn(), TimeElapsedColumn()]
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        task = bars.add_task(f"trying {len(chosen)} faults")
        found = simulate(
            profile,
            windows,
            chosen,
            np.random.default_rng(_SEED),
            thresholds=thresholds,
            drops_columns=drops_columns,
            progress=lambda done, total: bars.update(task, completed=done, total=total),
        )
    show_simulation(found, console)
