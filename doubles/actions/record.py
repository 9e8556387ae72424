"""What act wrote down of a run, a JSON object a line, as its jobs, steps and summaries."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """
    A step that was run; one that was skipped leaves no trace.

    Attributes:
        job: The key of its job in the workflow file.
        name: Its name, or what it ran or used if it has none.
        conclusion: `success` or `failure`, before `continue-on-error` is heeded.
        seconds: How long it took.
    """

    job: str
    name: str
    conclusion: str
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """
    What is known of a run afterwards.

    Attributes:
        jobs: `success` or `failure` by job, without those that were skipped.
        steps: In the order in which they ended.
        summaries: What steps wrote for the page of the run, as Markdown.
        log: Everything that was said, a line each, with secrets masked.
    """

    jobs: Mapping[str, str]
    steps: tuple[Step, ...]
    summaries: tuple[str, ...]
    log: str


def read_record(text: str) -> Record:
    """Read act's output; lines that are not JSON are its own complaints and stay in the log."""
    entries = [_entry(line) for line in text.splitlines()]
    return Record(
        jobs=_jobs(entries),
        steps=tuple(_step(entry) for entry in entries if _ends_a_step(entry)),
        summaries=tuple(entry["content"] for entry in entries if entry.get("command") == "summary"),
        log="\n".join(_line(entry) for entry in entries),
    )


def _entry(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except json.JSONDecodeError:
        found = None
    return found if isinstance(found, dict) else {"msg": line}


def _jobs(entries: list[dict[str, Any]]) -> dict[str, str]:
    """A job of several parts (a matrix) has failed if any of them has."""
    jobs: dict[str, str] = {}
    for entry in entries:
        if "jobResult" in entry and jobs.get(entry["jobID"]) != "failure":
            jobs[entry["jobID"]] = entry["jobResult"]
    return jobs


def _ends_a_step(entry: dict[str, Any]) -> bool:
    # A step within an action has the number of its action before its own.
    return entry.get("stage") == "Main" and "stepResult" in entry and len(entry["stepID"]) == 1


def _step(entry: dict[str, Any]) -> Step:
    nanoseconds = entry.get("executionTime", 0)
    return Step(job=entry["jobID"], name=entry["step"], conclusion=entry["stepResult"], seconds=nanoseconds / 1e9)


def _line(entry: dict[str, Any]) -> str:
    message = str(entry.get("msg", "")).rstrip("\n")
    return f"[{entry['jobID']}] {message}" if "jobID" in entry else message
