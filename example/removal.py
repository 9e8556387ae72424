"""
Takes the shipped example away: its rooms, what is marked as its own elsewhere, and packages that only it required.

In Markdown its passages stand between `<!-- example -->` and `<!-- /example -->`; elsewhere its lines end in the words
that `_LINE` looks for. The passage that is opened by `_OWN` makes room for the user's own table.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from core.contract import Contract
from core.errors import SlipwayError
from core.files import write_atomically
from core.reading import read_model_file
from example.own_table import describe_own_table
from example.pins import without
from ml.problem import read_problem

# With them goes this module, which is of no use afterwards.
ROOMS: Final = (
    "demo",
    "docs/demo.mp4",
    "docs/example.md",
    "docs/images/drift-*.png",
    "example",
    "requirements-evidently.txt",
    "scripts/demo",
    "scripts/record",
    "tests/example",
)
# What has been said and decided stays as it was.
_HISTORY: Final = ("CHANGELOG.md", "LICENSE", "docs/adr/*")
_PASSAGE: Final = re.compile(r"<!-- example -->.*?<!-- /example -->", re.DOTALL)
_OWN: Final = re.compile(r"<!-- example: own table -->.*?<!-- /example -->", re.DOTALL)
_LINE: Final = re.compile(r"^.*[#;] of the example\n", re.MULTILINE)
_REQUIRED: Final = re.compile(r'^\s*"([a-z0-9._-]+)[<>=~!][^"]*",.*[#;] of the example$', re.MULTILINE)


class ExampleStays(SlipwayError):
    """The example cannot be removed as things are."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Removal:
    """
    All that removing the example comes to, known before anything is touched.

    Attributes:
        root: Of the checkout.
        deleted: Files, from the root.
        changed: The new text of each file that stays, from the root.
        unrequired: Packages that nothing requires any more.
        shows_request: Whether README.md gets the request for the user's own table, for which it may have no place.
    """

    root: Path
    deleted: tuple[str, ...]
    changed: Mapping[str, str]
    unrequired: tuple[str, ...]
    shows_request: bool


def plan_removal(root: Path) -> Removal:
    """
    What would be removed and rewritten; nothing is touched.

    Args:
        root: Of a git checkout, whose model.toml names a table of the user's own.

    Raises:
        ExampleStays: if model.toml is the example's, the example is gone already, or git could not bring back what is
            to be changed.
        ModelFileError: if model.toml is wrong.
    """
    contract = _own_contract(root / "model.toml")
    tracked = _git(root, "ls-files", "-z").split("\0")[:-1]
    deleted = tuple(path for path in tracked if _matches(path, ROOMS))
    if not any(path.startswith("example/") for path in deleted):
        raise ExampleStays("the example is not here any more")
    changed, unrequired = _rewritten(root, [path for path in tracked if path not in deleted], contract)
    _refuse_what_git_lacks(root, {*deleted, *changed})
    shows_request = bool(_OWN.search(_read(root / "README.md") or ""))
    return Removal(root=root, deleted=deleted, changed=changed, unrequired=unrequired, shows_request=shows_request)


def remove_example(removal: Removal) -> None:
    """
    Do what was planned: first write, then delete.

    Raises:
        OSError: naming the file that cannot be written or deleted; git has what was there before.
    """
    for path, text in removal.changed.items():
        mode = (removal.root / path).stat().st_mode
        write_atomically(removal.root / path, text.encode())
        (removal.root / path).chmod(mode)
    for path in removal.deleted:
        (removal.root / path).unlink()
    for folder in sorted({removal.root / Path(path).parent for path in removal.deleted}, reverse=True):
        _remove_if_empty(folder, removal.root)


def _own_contract(model_file: Path) -> Contract:
    loader = read_model_file(model_file).table("dataset").values.get("loader", "")
    if str(loader).startswith("example."):
        raise ExampleStays(
            f"{model_file} is still the example's; adopt a table of yours first: scripts/adopt FILE --target COLUMN"
        )
    return read_problem(model_file).contract


def _matches(path: str, patterns: Iterable[str]) -> bool:
    return any(path.startswith(f"{pattern}/") or fnmatchcase(path, pattern) for pattern in patterns)


def _rewritten(root: Path, paths: Iterable[str], contract: Contract) -> tuple[dict[str, str], tuple[str, ...]]:
    """The files that the example is named in, without it, and the packages that are required no more."""
    texts = {path: text for path in paths if not _matches(path, _HISTORY) and (text := _read(root / path)) is not None}
    packages = _REQUIRED.findall(texts.get("pyproject.toml", ""))
    changed, gone = {}, set(packages)
    for path, text in texts.items():
        new = text
        if fnmatchcase(path, "requirements*.txt"):
            new, dropped = without(text, packages)
            gone |= dropped
        elif path == "README.md":
            new = _cut(_OWN.sub(lambda _: _own_passage(contract), text))
        else:
            new = _cut(text)
        if new != text:
            changed[path] = new
    return changed, tuple(sorted(gone))


def _own_passage(contract: Contract) -> str:
    return f"<!-- own table -->\n\n{describe_own_table(contract)}\n<!-- /own table -->"


def _cut(text: str) -> str:
    return _LINE.sub("", _PASSAGE.sub("", text))


def _read(path: Path) -> str | None:
    """The text of a file; None if it is none, or is not here."""
    try:
        return path.read_bytes().decode()
    except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
        return None


def _refuse_what_git_lacks(root: Path, paths: set[str]) -> None:
    edited = set(_git(root, "diff", "--name-only", "--relative", "-z", "HEAD").split("\0"))
    stray = [path for path in _git(root, "ls-files", "--others", "--exclude-standard", "-z").split("\0") if path]
    unsaved = sorted(edited & paths) + [path for path in stray if _matches(path, ROOMS)]
    if unsaved:
        more = f" and {len(unsaved) - 3} more" if len(unsaved) > 3 else ""
        raise ExampleStays(
            f"git has not the last of {', '.join(unsaved[:3])}{more}, which would be removed or changed; "
            "commit that first, so that it can be undone"
        )


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    except OSError as error:
        raise ExampleStays(f"git cannot be started ({error.strerror}); without it nothing could be undone") from error
    if done.returncode != 0:
        raise ExampleStays(f"{root} is no git checkout with a commit, so that nothing could be undone; commit it first")
    return done.stdout


def _remove_if_empty(folder: Path, root: Path) -> None:
    """A folder that holds no more than Python's own leavings, and those above it."""
    while folder != root and folder.is_dir() and all(path.name == "__pycache__" for path in folder.iterdir()):
        for left in folder.glob("__pycache__/*"):
            left.unlink()
        for left in folder.glob("__pycache__"):
            left.rmdir()
        folder.rmdir()
        folder = folder.parent
