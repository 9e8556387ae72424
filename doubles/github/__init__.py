"""A stateful double of GitHub's REST API, with its refusals, limits and redirects, on loopback ports."""

from doubles.github.double import GitHub
from doubles.github.faults import (
    AnswerLost,
    Before,
    CutDownload,
    CutUpload,
    Slow,
    Status,
    Truncated,
    WrongByte,
    WrongDigest,
)

__all__ = [
    "AnswerLost",
    "Before",
    "CutDownload",
    "CutUpload",
    "GitHub",
    "Slow",
    "Status",
    "Truncated",
    "WrongByte",
    "WrongDigest",
]
