"""
What Alertmanager sends to a webhook, read.

Source:
    https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from watch.trouble import PAGE, Instance, Trouble

_NAME: Final = "alertname"
# They are said elsewhere in the issue.
_APART: Final = frozenset({_NAME, "severity", "kind"})
_TICKET: Final = "ticket"

# Alerts beyond are counted; of a text so much is told, and a longer address would be cut into another.
_MOST_ALERTS, _MOST_SIGNS, _MOST_ADDRESS = 50, 500, 4000
Moment = Annotated[datetime, Meta(tz=True)]


class Unreadable(Exception):
    """What came is no message of Alertmanager, or not one of a group of a single alert."""


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """One alert of a message."""

    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: Moment = msgspec.field(name="startsAt")
    ends_at: Moment = msgspec.field(name="endsAt")
    generator: str = msgspec.field(name="generatorURL", default="")
    fingerprint: str

    @property
    def is_firing(self) -> bool:
        """Whether it is true now."""
        return self.status == "firing"


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """All alerts of one group, with those that are over since the last message."""

    version: Literal["4"]
    group: dict[str, str] = msgspec.field(name="groupLabels")
    alerts: Annotated[list[Sent], Meta(min_length=1)]
    others: Annotated[int, Meta(ge=0)] = msgspec.field(name="truncatedAlerts", default=0)

    @property
    def name(self) -> str:
        """Of the alert that the group is of."""
        return self.group[_NAME]

    @property
    def kind(self) -> str:
        """What it is about; empty if nothing says so."""
        return next(filter(None, (each.labels.get("kind", "") for each in self.alerts)), "")

    @property
    def ended(self) -> datetime:
        """When the last of those that are over was."""
        return max(each.ends_at for each in self.alerts).astimezone(UTC)

    @property
    def is_unclear(self) -> bool:
        """Whether none that is listed is true, while some are not listed."""
        return bool(self.others) and not any(each.is_firing for each in self.alerts)

    def trouble(self) -> Trouble | None:
        """What is wrong now; None if nothing that is listed is any more."""
        firing = [each for each in self.alerts if each.is_firing]
        if not firing:
            return None
        severities = {each.labels.get("severity", "") for each in firing}
        remedies = dict.fromkeys(each.annotations.get("remedy", "") for each in firing)
        instances = sorted(map(_instance, firing), key=lambda each: (each.since, each.mark))
        return Trouble(
            name=self.name,
            kind=self.kind,
            severity=PAGE if PAGE in severities else _TICKET,
            remedy=_cut(" ".join(filter(None, remedies))),
            runbook=next(filter(None, (each.annotations.get("runbook_url") for each in firing)), ""),
            instances=tuple(instances[:_MOST_ALERTS]),
            others=self.others + len(instances[_MOST_ALERTS:]),
        )


def read_message(body: bytes) -> Message:
    """
    Read a message.

    Raises:
        Unreadable: saying what is wrong with it.
    """
    try:
        message = msgspec.json.decode(body, type=Message)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(f"this is no message of Alertmanager's webhook, version 4: {error}") from error
    if message.group.keys() != {_NAME} or not message.name:
        # Otherwise what is over in one group may still be true in another.
        raise Unreadable("an issue is of one alert: set group_by to [alertname] in Alertmanager's route")
    return message


def _instance(sent: Sent) -> Instance:
    where = ", ".join(f"{name}={value}" for name, value in sorted(sent.labels.items()) if name not in _APART)
    what = sent.annotations.get("summary") or sent.annotations.get("description") or sent.labels.get(_NAME, "")
    query = sent.generator if len(sent.generator) <= _MOST_ADDRESS else ""
    since = sent.starts_at.astimezone(UTC)
    return Instance(mark=sent.fingerprint, since=since, what=_cut(what), where=_cut(where), query=query)


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_SIGNS else f"{text[: _MOST_SIGNS - 1]}…"
