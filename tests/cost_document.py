"""The blocks of docs/cost.md that show what a command prints; run as a program, it writes them anew."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Final

from click.testing import CliRunner

from deploy.__main__ import main

PATH: Final = Path(__file__).resolve().parent.parent / "docs/cost.md"
BLOCK: Final = re.compile(r"```text\n\$ \.venv/bin/python -m deploy ([^\n]*)\n(.*?)```", re.DOTALL)
# Where a block does not show everything, it ends so.
_REST: Final = "...\n"


def written_anew(text: str) -> str:
    """The document with what the commands print now."""
    return BLOCK.sub(_block, text)


def _block(found: re.Match[str]) -> str:
    command, shown = found.groups()
    printed = CliRunner().invoke(main, shlex.split(command)).stdout
    if shown.endswith(_REST):
        lines = printed.splitlines(keepends=True)[: len(shown.splitlines()) - 1]
        printed = "".join(lines) + _REST
    return f"```text\n$ .venv/bin/python -m deploy {command}\n{printed}```"


if __name__ == "__main__":
    PATH.write_text(written_anew(PATH.read_text(encoding="utf-8")), encoding="utf-8")
