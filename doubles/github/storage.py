"""Where state and assets lie on disk; whatever is written is there as a whole or not at all."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import msgspec

from doubles.github.state import State


@dataclass(frozen=True, kw_only=True, slots=True)
class Storage:
    """A folder with `state.json` and, each under its sha256, the assets' bytes."""

    folder: Path

    def load(self) -> State:
        """The state that was saved last, or an empty one."""
        file = self.folder / "state.json"
        return msgspec.json.decode(file.read_bytes(), type=State) if file.exists() else State()

    def save(self, state: State) -> None:
        """Replace the saved state."""
        self._write("state.json", msgspec.json.encode(state))

    def keep(self, content: bytes) -> str:
        """Keep an asset's bytes, and return their sha256."""
        sha256 = hashlib.sha256(content).hexdigest()
        self._write(sha256, content)
        return sha256

    def content(self, sha256: str) -> bytes:
        """The bytes that were kept under a checksum."""
        return (self.folder / sha256).read_bytes()

    def _write(self, name: str, content: bytes) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        unfinished = self.folder / f"{name}.unfinished"
        unfinished.write_bytes(content)
        unfinished.replace(self.folder / name)
