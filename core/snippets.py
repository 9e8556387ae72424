"""The same request by curl, Python and JavaScript, for the columns of a contract."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass

from core.contract import Row


@dataclass(frozen=True, kw_only=True, slots=True)
class Snippets:
    """One request in three ways, each ready to be pasted."""

    curl: str
    python: str
    javascript: str


def predict_snippets(row: Row, url: str, *, needs_key: bool) -> Snippets:
    """
    How to have one row scored.

    Args:
        row: As a caller would send it.
        url: Of the service, without a path.
        needs_key: Whether the request carries a key, which is taken from `API_KEY`.
    """
    text = json.dumps(row, ensure_ascii=False, indent=2)
    route = f"{url}/v1/predict"
    key = ' -H "Authorization: Bearer $API_KEY"' if needs_key else ""
    curl = f"curl -s {shlex.quote(route)}{key} -H 'Content-Type: application/json' -d {shlex.quote(text)}"
    values = "\n".join(f"    {json.dumps(name, ensure_ascii=False)}: {value!r}," for name, value in row.items())
    headers = ', headers={"Authorization": f"Bearer {os.environ[\'API_KEY\']}"}' if needs_key else ""
    python = (
        f"import {'os, ' if needs_key else ''}requests\n\nrow = {{\n{values}\n}}\n"
        f"answer = requests.post({route!r}, json=row{headers}, timeout=10)\nprint(answer.json())"
    )
    bearer = ", Authorization: `Bearer ${process.env.API_KEY}`" if needs_key else ""
    javascript = (
        f"const row = {text};\n"
        f"const answer = await fetch({json.dumps(route)}, {{\n"
        f'  method: "POST",\n  headers: {{ "Content-Type": "application/json"{bearer} }},\n'
        "  body: JSON.stringify(row),\n});\nconsole.log(await answer.json());"
    )
    return Snippets(curl=curl, python=python, javascript=javascript)
