"""What a person edited stays, what they did not follows the data: model.toml merged by what adopt wrote last."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import tomlkit
from tomlkit.items import Table

HEAD = "head"
# Keys by which the others of their table have a sense: of a feature, and of the target.
_DEFINING = ("kind", "task", "name")


@dataclass(frozen=True, kw_only=True, slots=True)
class Merged:
    """
    Attributes:
        text: Of the model.toml.
        changed: What is different from the file there was, in sentences.
        kept: What the person had edited, and what adopt would have written, in sentences.
    """

    text: str
    changed: tuple[str, ...]
    kept: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Notes:
    changed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


def merge(*, base: str, mine: str, new: str) -> Merged:
    """
    Merge three TOML texts, table by table and then key by key.

    Args:
        base: What adopt wrote last.
        mine: What the file holds now.
        new: What adopt would write today.

    Raises:
        ValueError: if one of them is not TOML.
    """
    old, now, next_ = (split_blocks(text) for text in (base, mine, new))
    notes = _Notes()
    result: dict[str, str] = {}
    target = _target(old, now, next_)
    for name, text in now.items():
        if name == target:
            notes.changed.append(f"{name} is gone: it is what is predicted now")
            continue
        merged = _block(name, old.get(name), text, next_.get(name), notes)
        if merged is not None:
            result[name] = merged
    _add_new(result, old, next_, notes)
    text = "\n\n".join(block.strip("\n") for block in result.values()) + "\n"
    return Merged(text=text, changed=tuple(notes.changed), kept=tuple(notes.kept))


def _target(old: Mapping[str, str], now: Mapping[str, str], new: Mapping[str, str]) -> str:
    """What the block of a feature would be called that is the target after the merge."""
    was, is_, will = (_values(blocks.get("[target]", "")).get("name") for blocks in (old, now, new))
    return f"feature {(will if is_ == was else is_)!r}"


def split_blocks(text: str) -> dict[str, str]:
    """
    The tables of a TOML text by what they are: `head` (before the first), `[target]`, `feature 'age'`.

    A table begins where a line with its head follows text that is TOML by itself, so no list that goes over several
    lines is mistaken for one.

    Raises:
        ValueError: if the text is not TOML.
    """
    tomllib.loads(text)
    blocks: list[str] = []
    lines: list[str] = []
    # No other mark that Python takes for a line's end, such as U+2028 in a text, is one in TOML.
    for line in text.replace("\r\n", "\n").split("\n"):
        if line.lstrip().startswith("[") and _is_toml("\n".join(lines)):
            blocks.append("\n".join(lines))
            lines = []
        lines.append(line)
    blocks.append("\n".join(lines))
    named: dict[str, str] = {}
    for block in blocks:
        name = _name(block)
        # A table of a table, such as [drift.more], or a name that is there twice: never lost.
        while name in named:
            name += " again"
        named[name] = block
    return named


def _is_toml(text: str) -> bool:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return True


def _name(block: str) -> str:
    values = tomllib.loads(block)
    if not block.lstrip().startswith("["):
        return HEAD
    features = values.get("features")
    if isinstance(features, list) and features:
        return f"feature {features[0].get('name', '')!r}"
    return block.lstrip().splitlines()[0].split("#")[0].strip()


def _block(name: str, old: str | None, mine: str, new: str | None, notes: _Notes) -> str | None:
    """What becomes of a table that the file has; None if it goes."""
    if new is None:
        return _dropped(name, old, mine, notes)
    if old is None and not _same(mine, new):
        notes.kept.append(f"{name} is yours; adopt would write its own")
        return mine
    if old is None or _same(mine, old):
        _say_changes(name, _values(mine), _values(new), notes)
        return new
    was, is_, will = _values(old), _values(mine), _values(new)
    if any(was.get(key) == is_.get(key) != will.get(key) for key in _DEFINING):
        return _anew(name, is_, new, notes)
    return _by_key(name, old, mine, new, notes)


def _anew(name: str, before: Mapping[str, Any], new: str, notes: _Notes) -> str:
    """A table that says something else than before, so that of what was edited only the description fits it."""
    document = tomlkit.parse(new)
    if "description" in before:
        _table(document)["description"] = before["description"]
    text = tomlkit.dumps(document)
    _say_changes(name, before, _values(text), notes)
    return text


def _dropped(name: str, old: str | None, mine: str, notes: _Notes) -> str | None:
    if old is None:
        return mine
    if _values(old) == _values(mine):
        notes.changed.append(f"{name} is gone: adopt no longer takes it")
        return None
    notes.kept.append(f"{name} stays, as you edited it; adopt would leave it out")
    return mine


def _same(one: str, other: str) -> bool:
    return one.strip() == other.strip()


def _values(block: str) -> dict[str, Any]:
    """The keys of a block's table; of the head there are none."""
    values = tomllib.loads(block)
    if not block.lstrip().startswith("["):
        return values
    inner = next(iter(values.values()))
    found: dict[str, Any] = inner[0] if isinstance(inner, list) else inner
    return found


def _say_changes(name: str, before: Mapping[str, Any], after: Mapping[str, Any], notes: _Notes) -> None:
    for key in [*before, *(key for key in after if key not in before)]:
        if before.get(key) != after.get(key):
            notes.changed.append(f"{name} {key}: {_shown(before.get(key))} -> {_shown(after.get(key))}")


def _by_key(name: str, old: str, mine: str, new: str, notes: _Notes) -> str:
    """The file's own block, with the keys that the person left alone as they are now."""
    was, is_, will = _values(old), _values(mine), _values(new)
    document = tomlkit.parse(_with_reasons(old, mine, new))
    table = _table(document)
    for key in [*was, *(key for key in will if key not in was)]:
        before, now, after = was.get(key), is_.get(key), will.get(key)
        if after in (now, before):
            continue
        if now != before:
            notes.kept.append(f"{name} {key} stays {_shown(now)}, as you edited it; adopt would write {_shown(after)}")
            continue
        notes.changed.append(f"{name} {key}: {_shown(now)} -> {_shown(after)}")
        if after is None:
            table.remove(key)
        else:
            table[key] = _table(tomlkit.parse(new))[key]
    return tomlkit.dumps(document)


def _table(document: tomlkit.TOMLDocument) -> Any:
    inner = next(iter(document.values()), document)
    return inner if isinstance(inner, Table) else inner[0] if isinstance(inner, list) else document


def _with_reasons(old: str, mine: str, new: str) -> str:
    """A block with today's comments at its top, if the person left those of the last run alone."""
    head, reasons, rest = _parts(mine)
    if reasons != _parts(old)[1]:
        return mine
    return "\n".join([*head, *_parts(new)[1], *rest])


def _parts(block: str) -> tuple[list[str], list[str], list[str]]:
    """The line with a table's head, the comments right below it, and what follows."""
    lines = block.strip("\n").split("\n")
    start = 1 if lines and lines[0].lstrip().startswith("[") else 0
    end = start
    while end < len(lines) and lines[end].lstrip().startswith("#"):
        end += 1
    return lines[:start], lines[start:end], lines[end:]


def _add_new(result: dict[str, str], old: Mapping[str, str], new: Mapping[str, str], notes: _Notes) -> None:
    """Put in what the file lacks: a new table where the data has one, but not what the person took out."""
    previous: str | None = None
    for name, text in new.items():
        if name not in result and name in old and name != HEAD:
            notes.kept.append(f"{name} stays out, as you removed it; adopt would write it")
        elif name not in result:
            _insert_after(result, previous, name, text)
            if name != HEAD:
                notes.changed.append(f"{name} is new")
        previous = name if name in result else previous


def _insert_after(result: dict[str, str], previous: str | None, name: str, text: str) -> None:
    items = list(result.items())
    place = next((index + 1 for index, (known, _) in enumerate(items) if known == previous), 0)
    items.insert(place, (name, text))
    result.clear()
    result.update(items)


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
