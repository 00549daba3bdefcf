"""Writes pages of the ethics board from facts, in every layout and in many markups.

The facts (case numbers, dates, parties) may be real; every sentence here is our own. A markup is only a way of
dressing label and value: the board's own is not known, so a parser must not care which one it meets.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape

LAYOUTS = ("dm-wp", "dm-2019", "nix-v1", "nix-v2")
SIGNATURE = "Fabel Saga, Sekreterare"

_ACCOUNTS = {
    "phone": "Anmälaren har berättat att hon blev uppringd en vardagskväll trots att hon sagt ifrån.",
    "sms": "Anmälaren har berättat att det kom ett sms med reklam till hennes telefonnummer.",
    "email": "Anmälaren har berättat att det kom e-post med erbjudanden fast han sagt ifrån.",
    "addressed_mail": "Anmälaren har berättat att adresserad reklam låg i lådan med hennes namn på.",
    "unaddressed_mail": "Anmälaren har berättat att oadresserad reklam lades i lådan trots skylten.",
}
_DECISIONS = {
    "breach": (
        "Nämnden finner att {party} brutit mot god sed vid direktmarknadsföring, eftersom inget undantag gäller",
        "{party} har agerat i strid med 21 § marknadsföringslagen då företaget vände sig till någon som sagt nej.",
        "{party} har överträtt 21 § marknadsföringslagen genom att inte följa konsumentens önskan",
        "Nämnden finner att kontakten stred mot god sed.\n"
        "Nämnden finner vidare att {party} brutit mot god sed genom att inte yttra sig",
        "Nämnden finner vidare att kontakten var i strid med god sed vid direktmarknadsföring",
    ),
    "no_breach": (
        "Ärendet lämnas utan åtgärd",
        "Anmälan lämnas utan vidare åtgärd.",
        "Nämnden finner att {party} inte brutit mot god sed, oaktat att spärren fanns, då en rimlig förklaring getts",
        "Nämnden finner att {party} inte har brutit mot god sed, eftersom det inte går att fastslå vem som ringde",
        "Nämnden finner att kontakten inte stred mot god sed vid direktmarknadsföring, då företaget var i god tro.",
    ),
    "undecided": (
        "Nämnden finner att det inte är möjligt att ge någon parts uppgifter företräde",
        "Nämnden finner att det inte går att med säkerhet slå fast att kontakten stred mot god sed",
        "Det går inte att fastslå att {party} tog kontakten. Frågan lämnas därför utan vidare åtgärd",
    ),
    "partly": (
        "Nämnden finner att {party} brutit mot god sed, eftersom numret var spärrat. Nämnden finner dock att det inte "
        "är möjligt att ge någon parts uppgifter företräde i den andra frågan",
        "Nämnden finner att {party} inte brutit mot god sed i fråga om spärren, trots att den fanns. Nämnden finner "
        "dock att kontakten stred mot god sed eftersom konsumenten hade sagt nej",
    ),
}
# Decisions whose facts say more than an outcome.
_OWN_DECISIONS = {
    "18-177": "Nämnden finner att samtalet visserligen var i strid mot god sed men att {party} inte bör hållas "
    "ansvarigt för det, eftersom det ringdes av ett annat företag",
    "18-277": "Nämnden finner att {party} inte brutit mot god sed, eftersom felet låg hos en leverantör. {party} ska "
    "således inte hållas ansvarigt",
    "20-394": "{party} har i ärende 20–399 brutit mot 21 § marknadsföringslagen genom att vända sig till en konsument "
    "som sagt nej",
    "18-353": "Nämnden finner att {party} brutit mot god sed. Vidare finner nämnden att samtalet stred mot god sed. "
    "Nämnden finner slutligen att {party} även handlat i strid mot god sed",
    "16-464": "Nämnden finner att {party} inte brutit mot god sed eftersom ett undantag gällde. Nämnden finner vidare "
    "att {party} inte brutit mot god sed genom att inte ange källan",
}
_TAG_WORDS = {
    "phone": "Telemarketing",
    "sms": "SMS eller MMS",
    "email": "E-post",
    "addressed_mail": "Adresserad reklam",
    "unaddressed_mail": "Oadresserad reklam",
}


@dataclass(frozen=True)
class Sheet:
    """What one page says, whatever dresses it. ``labels`` are (label, value) in order; values may have lines."""

    layout: str
    url: str
    title: str
    labels: tuple[tuple[str, str], ...]
    sections: tuple[tuple[str, str], ...]
    badge: str = ""
    tags: tuple[str, ...] = ()
    closing: tuple[str, ...] = field(default=("Med detta uttalande är ärendet avslutat.", "NIX-nämnden", SIGNATURE))


def sheet_from_fact(fact: dict, number: int = 0, *, with_tags: bool | None = None) -> Sheet:
    """Return a sheet for one row of the facts; ``number`` varies the wording."""
    layout, outcome = fact["layout"], fact["outcome"]
    first = fact["case_numbers"][0]
    sentences = _DECISIONS[outcome]
    decision = _OWN_DECISIONS.get(first) or sentences[number % len(sentences)]
    company = fact["title"] if fact["motpart"] in fact["case_numbers"] else fact["motpart"]
    board = "DM" if layout.startswith("dm") else "NIX"
    with_tags = layout == "nix-v2" and number % 3 == 0 if with_tags is None else with_tags
    signed_by = "Etiska nämnden för direktmarknadsföring" if layout == "dm-wp" else f"{board}-nämnden"
    badge = {"breach": "Fälld", "no_breach": "Friad"}.get(outcome, "")
    return Sheet(
        layout=layout,
        url=fact["url"],
        title=fact["title"],
        labels=_labels(layout, fact, decision.format(party=company), board, many=len(fact["case_numbers"]) > 1),
        sections=_sections(fact, board, number),
        badge=badge if layout in ("dm-2019", "nix-v1") else "",
        tags=_tags(fact) if with_tags else (),
        closing=("Med detta uttalande är ärendet avslutat.", signed_by, SIGNATURE),
    )


def _sections(fact: dict, board: str, number: int) -> tuple[tuple[str, str], ...]:
    many = len(fact["case_numbers"]) > 1
    account = _ACCOUNTS[fact["channel"]]
    caller = "".join(f" Kontakten togs av {name}." for name in fact["actual_caller_in_body"] or ())
    principal = "".join(f" Uppdraget kom från {name}." for name in fact["principal_in_body"] or ())
    shown = fact["case_numbers"][0].replace("-", "–")
    register = ("Uppgifter från NIX adresserat", "Adressen stod i registret.")
    if fact["channel"] == "phone":
        register = ("Uppgifter från Föreningen NIX-Telefon", "Numret stod i registret sedan flera år.")
    return (
        ("Anmälarnas uppgifter", account.replace("Anmälaren har", "Anmälarna har"))
        if many
        else ("Anmälarens uppgifter", account),
        register,
        (
            "Bolagets uppgifter" if number % 4 == 1 else "Företagets uppgifter",
            "Företaget beklagar och har sett över sina rutiner." + caller + principal,
        ),
        (
            f"{board}-nämndens bedömning",
            f"Frågan är om reglerna har följts i ärende {shown}. Nämnden har vägt uppgifterna mot varandra.",
        ),
    )


def _tags(fact: dict) -> tuple[str, ...]:
    word = "Fällda" if fact["outcome"] in ("breach", "partly") else "Friade"
    return (fact["uttalandedatum"][:4], _TAG_WORDS[fact["channel"]], word, "Avgjorda ärenden")


def _labels(layout: str, fact: dict, decision: str, board: str, *, many: bool) -> tuple[tuple[str, str], ...]:
    dated = ("Uttalande", fact["uttalandedatum"]) if layout == "nix-v2" else ("Uttalandedatum", fact["uttalandedatum"])
    numbered = ("Dnr" if layout == "nix-v2" else "Diarienummer", fact["diarienummer"])
    joint = "\n" if layout == "nix-v2" else ". "
    issues = joint.join(fact["frågeställning"])
    return (
        dated,
        numbered,
        ("Anmälare", "Flera konsumenter" if many and layout == "nix-v2" else "En konsument"),
        ("Motpart", fact["motpart"]),
        ("Frågeställning", issues),
        (f"{board}-nämndens beslut", decision),
    )


def make_page(sheet: Sheet, markup: str, *, encoding: str = "utf-8") -> bytes:
    """Dress a sheet in one of ``MARKUPS`` and return the page's bytes."""
    crumbs = '<nav><a href="/">NIX-nämnden</a> <a href="/arenden/">Ärenden</a> <a href="/om/">Om nämnden</a></nav>'
    badge = f'<span class="badge">{sheet.badge}</span>' if sheet.badge else ""
    inside = MARKUPS[markup](sheet)
    tags = "".join(f'<a rel="tag" href="/t/">{escape(tag)}</a> ' for tag in sheet.tags)
    page = (
        f'<!DOCTYPE html>\n<html lang="sv">\n<head>\n<meta charset="{encoding}">\n'
        f"<title>{escape(sheet.title)} – NIX-nämnden</title>\n"
        f'<link rel="canonical" href="{escape(sheet.url)}">\n'
        '<script>var beslut = "Motpart: ingen";</script>\n</head>\n<body>\n'
        f'<a href="#main">Till sidans huvudinnehåll</a>\n{crumbs}\n<main id="main"><article>\n{badge}\n'
        f"<h1>{escape(sheet.title)}</h1>\n{inside}\n<footer>{tags}</footer>\n</article></main>\n"
        "<footer>Sidan är skriven för ett prov.</footer>\n</body>\n</html>\n"
    )
    return page.encode(encoding, "xmlcharrefreplace")


def _text(value: str, line: str = "<br>\n") -> str:
    return line.join(escape(part) for part in value.split("\n"))


def _colon(sheet: Sheet, label: str) -> str:
    return "" if sheet.layout == "nix-v2" and label in ("Uttalande", "Dnr") else ":"


def _gap(sheet: Sheet, label: str) -> str:
    """In the newest layout a value stands on the line below its label."""
    return "<br>\n" if sheet.layout == "nix-v2" and label not in ("Uttalande", "Dnr") else " "


def _body(sheet: Sheet, heading: str = "h2") -> str:
    parts = [f"<{heading}>{escape(head)}</{heading}>\n<p>{_text(text)}</p>" for head, text in sheet.sections]
    return "\n".join(parts + [f"<p>{escape(line)}</p>" for line in sheet.closing])


def _paragraphs(sheet: Sheet) -> str:
    rows = [f"<p>{label}{_colon(sheet, label)}{_gap(sheet, label)}{_text(value)}</p>" for label, value in sheet.labels]
    return "\n".join(rows) + "\n" + _body(sheet)


def _breaks(sheet: Sheet) -> str:
    rows = [
        f"<strong>{label}{_colon(sheet, label)}</strong>{_gap(sheet, label)}{_text(value)}"
        for label, value in sheet.labels
    ]
    return "<p>" + "<br />\n".join(rows) + "</p>\n" + _body(sheet, "h3")


def _spans(sheet: Sheet) -> str:
    rows = [f"<span>{label}{_colon(sheet, label) or ':'} {_text(value, ' ')}</span>" for label, value in sheet.labels]
    return '<div class="meta">' + "".join(rows) + "</div>\n" + _body(sheet)


def _fused(sheet: Sheet) -> str:
    """Everything run together, the headings of the sections too."""
    rows = [f"<b>{label}</b>: {_text(value, ' ')}" for label, value in sheet.labels]
    body = "".join(f"<span>{escape(head)}</span><span>{_text(text, ' ')}</span>" for head, text in sheet.sections)
    return "<div>" + "".join(rows) + body + "".join(f"<i>{escape(line)}</i>" for line in sheet.closing) + "</div>"


def _glued(sheet: Sheet) -> str:
    """No blank between a value and the next label, and in the newest layout no colon after two of the labels."""
    rows = [f"<span>{label}{_colon(sheet, label)} {_text(value, ' ')}</span>" for label, value in sheet.labels]
    return '<p class="entry-meta">' + "".join(rows) + "</p>" + _body(sheet)


def _preformatted(sheet: Sheet) -> str:
    """One element, no markup at all: only blanks and line feeds of the source between the fields."""
    rows = [f"{label}{_colon(sheet, label)} {_text(value, ' ')}" for label, value in sheet.labels]
    return "<div>" + "\n".join(rows) + "</div>\n" + _body(sheet)


def _definitions(sheet: Sheet) -> str:
    rows = [f"<dt>{label}</dt><dd>{_text(value)}</dd>" for label, value in sheet.labels]
    return "<dl>\n" + "\n".join(rows) + "\n</dl>\n" + _body(sheet, "h3")


def _table(sheet: Sheet) -> str:
    rows = [f'<tr><th scope="row">{label}:</th><td>{_text(value)}</td></tr>' for label, value in sheet.labels]
    return "<table><tbody>" + "".join(rows) + "</tbody></table>" + _body(sheet, "h4")


def _headings(sheet: Sheet) -> str:
    rows = [f"<h5>{label}</h5>\n<p>{_text(value)}</p>" for label, value in sheet.labels]
    return "\n".join(rows) + "\n" + _body(sheet, "h5")


def _nested(sheet: Sheet) -> str:
    """Labels cut by markup, soft hyphens, no-break spaces, character references, wrapped source lines."""

    def dress(label: str) -> str:
        half = len(label) // 2
        return f"<span><em>{label[:half]}&shy;</em><b>{escape(label[half:])}&nbsp;<!-- : -->:</b></span>"

    rows = [
        f'<div class="row"><div>{dress(label)}</div>\n'
        f"   <div><span>{_text(value).replace(' ', chr(10), 1)}</span></div></div>"
        for label, value in sheet.labels
    ]
    return "".join(rows).replace("å", "&aring;").replace("ä", "&#228;") + _body(sheet)


def _upper(sheet: Sheet) -> str:
    rows = [f"<p><strong>{label.upper()}:</strong> {_text(value)}</p>" for label, value in sheet.labels]
    body = [f"<p><strong>{head.upper()}</strong><br>{_text(text)}</p>" for head, text in sheet.sections]
    return "\n".join(rows + body + [f"<p>{escape(line)}</p>" for line in sheet.closing])


def _cells(sheet: Sheet) -> str:
    """Labels without a colon, each in an inline element of its own next to its value."""
    rows = [
        f'<li><span class="k">{label}</span><span class="v">{_text(value)}</span></li>' for label, value in sheet.labels
    ]
    return "<ul>" + "".join(rows) + "</ul>" + _body(sheet, "h3")


MARKUPS: dict[str, Callable[[Sheet], str]] = {
    "paragraphs": _paragraphs,
    "breaks": _breaks,
    "spans": _spans,
    "fused": _fused,
    "glued": _glued,
    "preformatted": _preformatted,
    "definitions": _definitions,
    "table": _table,
    "headings": _headings,
    "nested": _nested,
    "upper": _upper,
    "cells": _cells,
}
