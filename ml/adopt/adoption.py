"""One adoption from a file to model.toml and its report: gather, decide, write."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count, takewhile
from pathlib import Path

from core.contract import Row
from core.errors import DatasetError, Fault, ModelFileError
from core.files import write_atomically
from core.reading import read_model_file
from ml.adopt.decide import decide
from ml.adopt.decisions import Decisions, Wishes
from ml.adopt.merging import Merged, merge
from ml.adopt.phrases import quoted
from ml.adopt.profile import TableProfile, profile_table
from ml.adopt.report import write_report
from ml.adopt.sampling import example_row, look_closer
from ml.adopt.writing import write_model_file
from ml.datasets.sources import Fetch, find_files, no_download, path_fault, plain
from ml.problem import Problem, read_problem
from ml.progress import Progress

# Of the loader of the table that Slipway is shipped with.
_EXAMPLE = "example."
_BASE_HEAD = (
    "# What adopt wrote into model.toml when it last ran, by which it tells what you edited there. Do not edit.\n"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """
    What to adopt.

    Attributes:
        files: The table, in one file or in several of the same columns.
        wishes: What the person said of it.
        model_file: Where the decisions go.
        report: Where the report goes; what was written last lies beside it, as .toml.
        replace: Whether a model file that adopt did not write may be replaced.
        command: That was run, for the report.
        url: Where the file was downloaded from; empty if it was not.
        fetch: Downloads what the model file names, which a person may have edited.
    """

    files: tuple[Path, ...]
    wishes: Wishes
    model_file: Path
    report: Path
    replace: bool
    command: str
    url: str = ""
    fetch: Fetch = no_download

    @property
    def base(self) -> Path:
        """Where what adopt wrote last is kept."""
        return self.report.with_suffix(".toml")


@dataclass(frozen=True, kw_only=True, slots=True)
class Adopted:
    """
    What came of it.

    Attributes:
        problem: As model.toml says it now.
        profile: What the table holds.
        decisions: What was decided of it.
        merged: How the model file differs from what it was.
        remarks: On the files, in sentences.
        row: Of the table, as a caller would send it by the model file; None if none of the newest can be sent.
    """

    problem: Problem
    profile: TableProfile
    decisions: Decisions
    merged: Merged
    remarks: tuple[str, ...]
    row: Row | None


def adopt_table(request: Request, progress: Progress) -> Adopted:
    """
    Decide what a table is, and write model.toml and the report.

    Raises:
        SlipwayError: if nothing can be predicted from the table, or the model file may not be written over; nothing was
            written then.
    """
    folder = request.model_file.parent
    _require_own_base(request)
    before, remarks = _before(request)
    files = _distinct(request.files)
    path = request.url or dataset_path(files, folder)
    source = plain(path) if request.url or len(files) > 1 else files[0].name
    with progress.step(f"Reading {source}"):
        profile = profile_table(files, source=source, names=[_relative(file, folder) for file in files])
    decisions = decide(profile, request.wishes)
    if path.startswith(("../", "/")):
        remarks.append(
            "The table lies outside of this folder; where the model is trained on GitHub, it has to be in it."
        )
    report = _relative(request.report, folder)
    draft = write_model_file(decisions, path=path, source=source, report=report)
    with progress.step("Looking for leaks and seasons"):
        sampled = look_closer(profile, decisions, draft, request.wishes.keep)
    new = write_model_file(sampled.decisions, path=path, source=source, report=report)
    merged = _merge(request, before, new)
    problem = _read_merged(request, merged.text)
    page = write_report(
        profile, sampled.decisions, command=request.command, model_file=_relative(request.model_file, folder)
    )
    request.report.parent.mkdir(parents=True, exist_ok=True)
    for place, text in ((request.model_file, merged.text), (request.report, page), (request.base, _BASE_HEAD + new)):
        write_atomically(place, text.encode())
    return Adopted(
        problem=problem,
        profile=profile,
        decisions=sampled.decisions,
        merged=merged,
        remarks=tuple(remarks),
        row=example_row(sampled.rows, problem.contract),
    )


def _require_own_base(request: Request) -> None:
    """Nothing is written over that adopt did not write: --report may name any place."""
    base, problem = request.base, ""
    if base.resolve() in (request.model_file.resolve(), request.report.resolve()):
        problem = "would be written over"
    elif base.exists() and not base.read_bytes().startswith(_BASE_HEAD.encode().strip()):
        problem = "is not what adopt wrote; restore or remove it"
    if problem:
        raise ModelFileError(str(base), [Fault(place="file", problem=f"{problem}, or name another --report")])


def _before(request: Request) -> tuple[str | None, list[str]]:
    """The model file to merge with, None to write a new one; and what is done about one that is in the way."""
    place = request.model_file
    if not place.exists():
        return None, []
    if request.replace:
        kept = _keep(place)
        return None, [f"The {place.name} there was is kept as {kept.name}."]
    if request.base.exists():
        # What is wrong with it is better said before it is merged.
        read_problem(place)
        return place.read_text(encoding="utf-8-sig"), []
    if _is_example(place):
        advice = "git has it still. With --remove-example scripts/adopt takes the rest of it away."
        return None, [f"{place.name} was the example's and is replaced; {advice}"]
    problem = "was not written by adopt; --replace writes a new one and keeps this one as " + f"{place.name}.before"
    raise ModelFileError(str(place), [Fault(place="file", problem=problem)])


def _keep(place: Path) -> Path:
    """A copy of a file beside it, in the place of no other."""
    content = place.read_bytes()
    names = (f"{place.name}.before{number if number > 1 else ''}" for number in count(1))
    kept = next(path for path in map(place.with_name, names) if not path.exists() or path.read_bytes() == content)
    write_atomically(kept, content)
    return kept


def _is_example(place: Path) -> bool:
    try:
        dataset = read_model_file(place).values.get("dataset")
    except ModelFileError:
        return False
    return isinstance(dataset, dict) and str(dataset.get("loader", "")).startswith(_EXAMPLE)


def _read_merged(request: Request, text: str) -> Problem:
    """The problem that a model file of this text states, read before anything is written."""
    draft = request.model_file.with_name(f".{request.model_file.name}.draft")
    try:
        draft.write_text(text, encoding="utf-8")
        return read_problem(draft, request.fetch)
    except ModelFileError as error:
        raise ModelFileError(f"{request.model_file}, with what adopt would change", error.faults) from error
    finally:
        draft.unlink(missing_ok=True)


def _merge(request: Request, before: str | None, new: str) -> Merged:
    if before is None:
        return Merged(text=new, changed=(), kept=())
    try:
        base = request.base.read_text(encoding="utf-8").removeprefix(_BASE_HEAD)
        return merge(base=base, mine=before, new=new)
    except ValueError as error:
        problem = f"is not what adopt wrote ({error}); restore it, or run with --replace"
        raise ModelFileError(str(request.base), [Fault(place="file", problem=problem)]) from error


def _distinct(files: Sequence[Path]) -> list[Path]:
    """The files in the order in which training reads them; one that was named twice, or by a link, counts once."""
    found: dict[Path, Path] = {}
    for file in sorted(files, key=lambda file: file.name):
        found.setdefault(file.resolve(), file)
    return list(found.values())


def dataset_path(files: Sequence[Path], folder: Path) -> str:
    """
    One file, or a pattern that several match and nothing else does, from a folder.

    Raises:
        DatasetError: if there is no such pattern, or a name is no text.
    """
    strange = next((file.name for file in files if file.name != file.name.encode(errors="replace").decode()), None)
    if strange is not None:
        raise DatasetError(f"a file's name is not UTF-8: {strange!r}; rename it")
    if len(files) == 1:
        return _relative(files[0], folder)
    names = sorted(file.name for file in files)
    start = _common_start(names)
    end = _common_start([name[len(start) :][::-1] for name in names])[::-1]
    parents = {file.resolve().parent for file in files}
    pattern = f"{start}*{end}"
    if len(parents) > 1 or re.search(r"[][*?]", start + end):
        raise DatasetError("several files are taken from one folder, with names without * ? [ ]; move them into one")
    (parent,) = parents
    if path_fault(pattern) is not None:
        raise DatasetError(f"the files of a table have names of the same ending, unlike {quoted(names, 3)}")
    taken = {found.resolve() for found in find_files(pattern, parent, no_download).paths}
    hidden = [name for name in names if (parent / name).resolve() not in taken]
    if hidden:
        raise DatasetError(
            f"model.toml names several files by a pattern, and {pattern} leaves hidden ones out; rename "
            f"{quoted(hidden, 3)}"
        )
    others = sorted({found.name for found in taken} - {file.resolve().name for file in files})
    if others:
        raise DatasetError(
            f"model.toml names several files by a pattern, and {pattern} takes {quoted(others, 3)} as well; name all "
            "files of the pattern, or put those of the table into a folder of their own"
        )
    return _relative(parent / pattern, folder)


def _common_start(texts: Sequence[str]) -> str:
    """The letters that all of the texts begin with."""
    alike = takewhile(lambda letters: len(set(letters)) == 1, zip(*texts, strict=False))
    return "".join(letters[0] for letters in alike)


def _relative(path: Path, folder: Path) -> str:
    return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
