"""The data docs: a static site of how every source was judged last, for people.

Great Expectations' own site loads its styles and scripts from seven hosts on the internet and shows the machine's
paths; these pages hold everything they need, and nothing but counts, rules and sentences. A page's figures are also
kept as JSON beside it, so that a re-run of one source renews its own page and leaves the others in the index.
"""

import json
import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from hashlib import sha256
from pathlib import Path
from typing import Any

from expectations.judgement import SourceResults

_HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>{{ title }}</title><style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #1b1b1b }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .4rem .6rem; vertical-align: top;
border-bottom: 1px solid #ccc } .n { text-align: right; font-variant-numeric: tabular-nums } caption { text-align: left;
font-weight: 600; padding: .6rem 0 } .ok { color: #0a6b2d } .odd { color: #7a4b00 } .broken { color: #a3001b }
.ok, .odd, .broken { font-weight: 700 }
</style></head><body>
"""
_INDEX = """<h1>Data docs</h1>
<p>How every source was judged the last time it was read. Open a source for its rules.</p>
<table><caption>Sources</caption><thead><tr><th>Source<th>Kind<th>Night<th>Verdict
<th class="n">Rows<th class="n">Accepted<th class="n">of which flagged<th class="n">Refused
<th class="n">Repeated</tr></thead><tbody>
{% for page, it in pages %}<tr><td><a href="{{ page }}">{{ it.source }}</a><td>{{ it.kind }}<td>{{ it.business_date }}
<td class="{{ it.verdict }}">{{ it.verdict }}<td class="n">{{ it.rows }}<td class="n">{{ it.accepted }}
<td class="n">{{ it.flagged }}<td class="n">{{ it.refused }}<td class="n">{{ it.repeated }}</tr>
{% else %}<tr><td colspan="9">No source has been judged yet.</tr>
{% endfor %}</tbody></table></body></html>
"""
_PAGE = """<p><a href="index.html">All sources</a></p>
<h1>{{ it.source }}</h1>
<p>Kind {{ it.kind }}, night of {{ it.business_date }}: <span class="{{ it.verdict }}">{{ it.verdict }}</span>.
{{ it.rows }} rows: {{ it.accepted }} accepted ({{ it.flagged }} of them with a flag), {{ it.refused }} refused,
{{ it.repeated }} repeated.</p>
<table><caption>What was found</caption><thead><tr><th>Rule<th>Severity<th>What</tr></thead><tbody>
{% for found in it.findings %}<tr><td><code>{{ found.code }}</code><td>{{ found.severity }}<td>{{ found.message }}</tr>
{% else %}<tr><td colspan="3">Nothing.</tr>
{% endfor %}</tbody></table>
<table><caption>Every rule</caption><thead><tr><th>Rule<th>Severity<th>Field<th>When it is broken<th>Normal
<th>Checked by<th class="n">Broken</tr></thead><tbody>
{% for rule in it.rules %}<tr><td><code>{{ rule.code }}</code><td>{{ rule.severity }}<td>{{ rule.field }}
<td>{{ rule.sentence }}<td>{{ rule.limit }}<td>{{ rule.expectation or "the parser" }}
<td class="n">{{ rule.broken }}</tr>
{% endfor %}</tbody></table></body></html>
"""
_FIGURES = {field.name for field in fields(SourceResults)}


def write_data_docs(results: Iterable[SourceResults], folder: Path) -> Path:
    """Write a page per source into ``folder`` and an index of all sources ever written there; return the index.

    The folder is created. A source's earlier page is replaced, each file in one step, so a reader never meets half a
    page. Raises OSError when the folder cannot be written. A source whose figures cannot be read (a power cut left
    them empty) is left out of the index until it is read again: they are shown, and nothing rests on them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for result in results:
        figures = asdict(result) | {"business_date": result.business_date.isoformat()}
        stem = _name_page(result.source)
        _replace(folder / f"{stem}.json", json.dumps(figures, ensure_ascii=False, indent=1))
        _replace(folder / f"{stem}.html", _render(_PAGE, title=f"{result.source}: data docs", it=figures))
    told = [(f"{path.stem}.html", _read_figures(path)) for path in folder.glob("*.json")]
    pages = [(page, figures) for page, figures in told if figures]
    pages.sort(key=lambda page: str(page[1]["source"]))
    index = folder / "index.html"
    _replace(index, _render(_INDEX, title="Data docs", pages=pages))
    return index


def _name_page(source: str) -> str:
    """Return a file name for any source name: readable, inside the folder, and never shared by two sources."""
    readable = re.sub(r"[^a-z0-9_-]+", "-", source.lower()).strip("-")[:60]
    if readable and readable == source and readable != "index":
        return readable
    return f"{readable or 'source'}-{sha256(source.encode()).hexdigest()[:8]}"


def _read_figures(path: Path) -> Mapping[str, object]:
    """Return a source's figures; nothing when the file holds something else."""
    try:
        figures = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return {}
    return figures if isinstance(figures, dict) and figures.keys() >= _FIGURES else {}


def _render(body: str, **values: Any) -> str:
    from jinja2 import Environment, StrictUndefined

    pages = Environment(autoescape=True, undefined=StrictUndefined)
    return pages.from_string(_HEAD + body).render(**values)


def _replace(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
