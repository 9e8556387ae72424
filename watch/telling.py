"""What an alert's issue says, and when it has to say it anew."""

from __future__ import annotations

import hashlib
import re
from typing import Final

import msgspec

from core.documents import Document
from core.drift import Moment
from core.github.alert import Alert
from core.github.hidden import hidden
from core.summary import table
from watch.catalogue import CATALOGUE
from watch.trouble import PAGE, Instance, Trouble, Watcher

LABEL: Final = "alert"
_PREFIX: Final = "alert:"
_NO_KEY: Final = re.compile(r"[^a-z0-9._:/-]+")
# Figures change with every message; they are written anew at most so often.
FIGURES_AFTER_S: Final = 6 * 3600
# Alertmanager repeats what is true every 12 hours. What it says no more is over, or it has forgotten to say so.
FORGOTTEN_AFTER_S: Final = 36 * 3600
_LINKED: Final = re.compile(r"https?://[^\s<>\"]+")
_URGENCY: Final = {True: "Look at this now", False: "Look at this within days"}
_ENDING: Final = "This issue is closed when that is over, and comes back when it is true again."


class Told(Document, frozen=True, kw_only=True):
    """
    What an issue has told, kept unseen in its body.

    Attributes:
        name: Of the alert.
        by: Who saw it.
        facts: A digest of what is wrong, without its figures.
        at: When that was written.
    """

    name: str
    by: Watcher
    facts: str
    at: Moment


def key_of(name: str) -> str:
    """
    What names an alert's issue, whoever raises it, such as `alert:manyerrors`.

    A key takes few signs, and no capital letters; names that are not our own are told from their like by a digest.
    """
    plain = _NO_KEY.sub("-", name.lower()).strip("._:/-")
    parts = [plain] if name in CATALOGUE else [plain, _digest(name)]
    return _PREFIX + "-".join(filter(None, parts))


def has_to_be_told(trouble: Trouble, before: Told | None, *, by: Watcher, is_open: bool, now: Moment) -> bool:
    """
    Whether the issue has to be written.

    Args:
        trouble: What is wrong.
        before: What the issue has told; None where that is not known.
        by: Who says so.
        is_open: Whether the issue is.
        now: With a time zone.
    """
    if before is None or not is_open or before.by is not by or before.facts != _facts(trouble):
        return True
    return (now - before.at).total_seconds() >= FIGURES_AFTER_S


def is_forgotten(told: Told, now: Moment) -> bool:
    """Whether Prometheus has not said for so long that it is true that it must be over."""
    return told.by is Watcher.PROMETHEUS and (now - told.at).total_seconds() >= FORGOTTEN_AFTER_S


def alert_of(trouble: Trouble, *, by: Watcher, page: str, now: Moment) -> Alert:
    """
    The issue of an alert that is true.

    Args:
        trouble: What is wrong.
        by: Who says so.
        page: Of the repository.
        now: When.
    """
    told = Told(name=trouble.name, by=by, facts=_facts(trouble), at=now)
    is_urgent = trouble.severity == PAGE
    first = trouble.instances[0]
    rows = [(f"{each.since:%Y-%m-%d %H:%M}", plain(each.what), _code(each.where)) for each in trouble.instances]
    parts = [
        f"**{_URGENCY[is_urgent]}** ({trouble.severity}).",
        table(("since (UTC)", "what", "where"), rows),
        f"And {trouble.others} more." if trouble.others else "",
        f"**First look**: {_first_look(trouble, first, page)}",
        f"**Remedy**: {plain(trouble.remedy)}" if trouble.remedy else "",
        _ENDING,
    ]
    return Alert(
        key=key_of(trouble.name),
        title=" ".join(f"{trouble.name}: {first.what}".split()),
        body="\n\n".join(filter(None, parts)),
        labels=(LABEL, "severity:critical" if is_urgent else "severity:warning"),
        ending=hidden(told),
    )


def runbook_of(runbook: str, page: str) -> str:
    """The URL of a page of the runbook that is named by its path in the repository."""
    return runbook if not runbook or _LINKED.fullmatch(runbook) else f"{page}/blob/HEAD/{runbook}"


def _first_look(trouble: Trouble, first: Instance, page: str) -> str:
    url = runbook_of(trouble.runbook, page)
    linked = (
        [f"[{plain(trouble.name)} in the runbook]({_linkable(url)})"]
        if _LINKED.fullmatch(url)
        else ["the service's log"]
    )
    if _LINKED.fullmatch(first.query):
        linked.append(f"[what Prometheus shows]({_linkable(first.query)})")
    return ", then ".join(linked) + "."


def _linkable(url: str) -> str:
    return url.replace("(", "%28").replace(")", "%29")


def _facts(trouble: Trouble) -> str:
    known = (trouble.severity, sorted((each.mark, f"{each.since:%Y-%m-%dT%H:%M:%S}") for each in trouble.instances))
    return _digest(known)


def _digest(value: object) -> str:
    return hashlib.sha256(msgspec.json.encode(value)).hexdigest()[:16]


def plain(text: str) -> str:
    """A text of a rule or a row, which must not pass for a mark of ours, and calls nobody by their name."""
    return " ".join(text.split()).replace("<", "&lt;").replace("@", "&#64;")


def _code(text: str) -> str:
    return f"`{_unticked(text)}`" if text else ""


def _unticked(text: str) -> str:
    return " ".join(text.split()).replace("`", "'").replace("<!--", "<! --")
