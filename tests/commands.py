"""Runs the project's commands as a user would, in a folder of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, kw_only=True, slots=True)
class Home:
    """A folder that holds what a run leaves behind: registry, ledger, candidate, W&B runs."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """This process's environment, pointed at the folder."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("WANDB_", "MODEL_"))}
        return kept | {
            "MODEL_REGISTRY": f"directory:{self.registry}",
            "DEPLOYMENT_LEDGER": f"file:{self.folder / 'ledger.jsonl'}",
            "CANDIDATE_DIR": str(self.candidate),
            "WANDB_DIR": str(self.folder),
            "JOURNAL_DIR": str(self.folder / "journal"),
        }

    @property
    def registry(self) -> Path:
        """Where bundles are published."""
        return self.folder / "registry"

    @property
    def candidate(self) -> Path:
        """Where the last training's bundle waits."""
        return self.folder / "candidate"

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run `python -m ARGUMENTS` with some variables set; the caller looks at the exit status."""
        return subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=ROOT,
            env=self.environment | variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )
