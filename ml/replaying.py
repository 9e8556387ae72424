"""What a candidate would have answered to what the service was asked, before it is published."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_LONGEST_S: Final = 900.0


def replay_candidate(
    candidate: Path, model_file: Path, environment: Mapping[str, str], *, longest_s: float = _LONGEST_S
) -> str:
    """
    Run `python -m deploy replay candidate`, which tells what it finds on the terminal and on the page of the run.

    Whatever comes of it, the training goes on: a service may be away, or have no journal yet. A process of its own, as
    training knows nothing of deploying.

    Args:
        candidate: CANDIDATE_DIR.
        model_file: By which the two are compared.
        environment: Has SERVICE_URL and SERVICE_KEY; without both nothing is replayed.
        longest_s: At most so many seconds are given to it.

    Returns:
        A sentence if nothing was replayed; empty otherwise.
    """
    lacking = [name for name in ("SERVICE_URL", "SERVICE_KEY") if not environment.get(name)]
    if lacking:
        return f"Nothing was replayed, as {' and '.join(lacking)} {'is' if len(lacking) == 1 else 'are'} not set."
    options = ["--candidate", str(candidate), "--model-file", str(model_file)]
    command = [sys.executable, "-m", "deploy", "replay", "candidate", *options]
    try:
        done = subprocess.run(command, env=dict(environment), check=False, timeout=longest_s)  # noqa: S603  # our own
    except subprocess.TimeoutExpired:
        return f"Nothing was replayed, as that took more than {longest_s:g} s; the training goes on."
    return "Nothing was replayed; the training goes on." if done.returncode else ""
