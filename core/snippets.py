"""The same request by curl, Python and JavaScript, for the columns of a contract."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass

from core.contract import Row

# Up to here every whole number is the same one in JavaScript.
_MAX_WHOLE = 2**53


@dataclass(frozen=True, kw_only=True, slots=True)
class Snippets:
    """One request in three ways, each ready to be pasted."""

    curl: str
    python: str
    javascript: str


def predict_snippets(row: Row, url: str, *, needs_key: bool) -> Snippets:
    """
    How to have one row scored.

    Python needs requests; JavaScript needs Node 18, or, without a key, a browser on a page of the service.

    Args:
        row: As a caller would send it.
        url: Of the service, without a path.
        needs_key: Whether the request carries a key, which is taken from the variable `API_KEY`.
    """
    plain = {name: _whole(value) for name, value in row.items()}
    route = f"{url}/v1/predict"
    return Snippets(
        curl=_curl(plain, route, needs_key=needs_key),
        python=_python(plain, route, needs_key=needs_key),
        javascript=_javascript(plain, route, needs_key=needs_key),
    )


def _curl(row: Row, route: str, *, needs_key: bool) -> str:
    key = ' -H "Authorization: Bearer $API_KEY"' if needs_key else ""
    members = ",\n".join(f"  {_json(name)}: {_json(value)}" for name, value in row.items())
    body = shlex.quote(f"{{\n{members}\n}}")
    return f"curl -s {shlex.quote(route)}{key} \\\n  -H 'Content-Type: application/json' --data-raw {body}"


def _python(row: Row, route: str, *, needs_key: bool) -> str:
    members = "".join(f"    {name!r}: {value!r},\n" for name, value in row.items())
    imports = "import os\n\nimport requests" if needs_key else "import requests"
    headers = ', headers={"Authorization": f"Bearer {os.environ[\'API_KEY\']}"}' if needs_key else ""
    return (
        f"{imports}\n\nrow = {{\n{members}}}\n"
        f"answer = requests.post({route!r}, json=row{headers}, timeout=10)\nprint(answer.json())"
    )


def _javascript(row: Row, route: str, *, needs_key: bool) -> str:
    # As a plain key, __proto__ would be no member but the object's prototype.
    members = "".join(
        f"  {f'[{_json(name)}]' if name == '__proto__' else _json(name)}: {_json(value)},\n"
        for name, value in row.items()
    )
    bearer = ", Authorization: `Bearer ${process.env.API_KEY}`" if needs_key else ""
    return (
        f"const row = {{\n{members}}};\n"
        f"fetch({_json(route)}, {{\n"
        f'  method: "POST",\n  headers: {{ "Content-Type": "application/json"{bearer} }},\n'
        "  body: JSON.stringify(row),\n})\n"
        "  .then((answer) => answer.json())\n  .then((answer) => console.log(answer));"
    )


def _whole(value: float | str | None) -> float | str | None:
    """A whole number without its decimals, which nobody would write."""
    if isinstance(value, float) and value.is_integer() and abs(value) <= _MAX_WHOLE:
        return int(value)
    return value


def _json(value: float | str | None) -> str:
    """A value as JSON, in which characters that nobody sees, or that a terminal obeys, are escaped."""
    text = json.dumps(value, ensure_ascii=False)
    return "".join(each if each.isprintable() else _escaped(each) for each in text)


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))
