"""What drift has to remember, as files in a folder, where rows come from a file and not from a service."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from core.errors import SourceError
from core.files import write_atomically


class Folder:
    """JSON documents by name."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def recall(self, name: str) -> bytes | None:
        """See `Source`."""
        try:
            return self._file(name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SourceError(f"{self._file(name)} cannot be read ({error.strerror})") from error

    def keep(self, documents: Mapping[str, bytes]) -> None:
        """See `Source`."""
        try:
            self._path.mkdir(parents=True, exist_ok=True)
            for name, content in documents.items():
                write_atomically(self._file(name), content)
        except OSError as error:
            raise SourceError(f"{error.filename} cannot be written ({error.strerror})") from error

    def _file(self, name: str) -> Path:
        return self._path / f"{name}.json"
