"""The board's pages as HTML: four layouts, each in several markups, for only the label words are known to be fixed."""

from collections.abc import Iterator
from html import escape

from samples.world.page import DM, SIGNATURES, Page

_SITE_NAMES = {DM: "DM-nämnden"}


def site_name(site: str) -> str:
    """Return the board's name as one of its sites has it."""
    return _SITE_NAMES.get(site, "NIX-nämnden")


def render_frame(site: str, title: str, body: str, head: str = "") -> str:
    """Return a whole page around ``body``: navigation above, footer below."""
    name = site_name(site)
    return (
        f'<!DOCTYPE html>\n<html lang="sv">\n<head>\n<meta charset="utf-8">\n<title>{escape(title)} – {name}</title>\n'
        f'{head}</head>\n<body>\n<nav><a href="/">{name}</a> <a href="/om/">Om nämnden</a></nav>\n'
        f"<main>\n{body}</main>\n"
        f"<footer>{name} prövar direktreklam. Sidan är påhittad och hör till en demonstration.</footer>\n"
        "</body>\n</html>\n"
    )


def render_decision(page: Page) -> str:
    """Return the page of one decision in its layout and markup."""
    head = {"nix-v2": _head_nix_v2, "dm-wp": _head_dm_wp}.get(page.layout, _head_fused)(page)
    tail = ""
    if page.tags:
        tail = "<ul>" + "".join(f"<li>{escape(tag)}</li>" for tag in _split_tags(page.tags)) + "</ul>\n"
    body = f"<article>\n{head}{render_sections(page)}{tail}</article>\n"
    return render_frame(page.site, page.title, body)


def render_sections(page: Page) -> str:
    """Return what follows the label block: the parties' statements, the finding, a signature."""
    board = site_name(page.site)
    finding = page.label.removesuffix("s beslut") or board
    several = page.complainant != "En konsument"
    company_heading = "Bolagets uppgifter" if page.markup in {"spans", "fused-bold"} else "Företagets uppgifter"
    sections = [
        ("Anmälarnas uppgifter" if several else "Anmälarens uppgifter", _complaint(page)),
        *_register_check(page),
        (company_heading, page.company_says),
        (f"{finding}s bedömning", " ".join(page.decision)),
    ]
    tag = "h3" if page.layout.startswith("nix") else "strong"
    text = "".join(
        f"<{tag}>{heading}</{tag}>\n<p>{escape(words)}</p>\n"
        if tag == "h3"
        else f"<p><{tag}>{heading}</{tag}><br />\n{escape(words)}</p>\n"
        for heading, words in sections
    )
    return text + f"<p>Beslutet fattades enhälligt.</p>\n<p>{SIGNATURES[len(page.title) % 3]}</p>\n"


def _split_tags(tags: str) -> list[str]:
    year, rest = tags.split(" ", 1)
    rest, state = rest.removesuffix(" Avgjorda ärenden"), "Avgjorda ärenden"
    channel, _, outcome = rest.rpartition(" ")
    return [year, channel, outcome, state] if outcome in {"Fällda", "Friade"} else [year, rest, state]


def _complaint(page: Page) -> str:
    told = {
        "phone": "Anmälaren blev uppringd trots att numret sedan länge är spärrat.",
        "sms": "Anmälarna fick reklam i mobilen utan att ha lämnat samtycke.",
        "email": "Anmälaren får fortfarande nyhetsbrev efter att ha tackat nej två gånger.",
        "addressed_mail": "Anmälaren fick ett brev med namn och adress på kuvertet.",
        "unaddressed_mail": "Bladet låg i brevlådan trots en tydlig skylt.",
    }
    return told[page.channel]


def _register_check(page: Page) -> Iterator[tuple[str, str]]:
    if page.channel == "phone":
        yield "Uppgifter från Föreningen NIX-Telefon", "Numret var spärrat den dag som anmälan gäller."
    if page.channel == "addressed_mail":
        yield "Uppgifter från NIX adresserat", "Adressen var införd i registret."


def _head_nix_v2(page: Page) -> str:
    label = page.label or "NIX-nämndens beslut"
    fields = [
        ("Anmälare:", [page.complainant]),
        ("Motpart:", [page.party]),
        ("Frågeställning:", list(page.issues)),
        (f"{label}:", list(page.decision)),
    ]
    top = (
        f'<p><a href="/arenden/">Ärenden</a></p>\n<h1>{escape(page.title)}</h1>\n'
        f"<p>Uttalande {page.date}</p>\n<p>Dnr {page.dnr}</p>\n"
    )
    if page.markup == "list":
        rows = "".join(f"<dt>{name}</dt>\n<dd>{_lines(values)}</dd>\n" for name, values in fields)
        return f"{top}<dl>\n{rows}</dl>\n"
    if page.markup == "spans":
        rows = "".join(
            f'<div><span class="label">{name}</span>\n<span class="value">{_lines(values)}</span></div>\n'
            for name, values in fields
        )
        return f"{top}<div>\n{rows}</div>\n"
    rows = "".join(f"<p><strong>{name}</strong><br>\n{_lines(values)}</p>\n" for name, values in fields)
    return top + rows


def _lines(values: list[str]) -> str:
    return "<br>\n".join(escape(value) for value in values)


def _fields(page: Page, decision_label: str) -> list[tuple[str, str]]:
    return [
        ("Uttalandedatum", page.date),
        ("Diarienummer", page.dnr),
        ("Anmälare", page.complainant),
        ("Motpart", page.party),
        ("Frågeställning", ". ".join(page.issues) if page.layout == "dm-wp" else ", samt ".join(page.issues)),
        (decision_label, " ".join(page.decision)),
    ]


def _head_fused(page: Page) -> str:
    """The label block of nix-v1 and dm-2019: no white space between a value and the next label."""
    fields = _fields(page, page.label or f"{site_name(page.site)}s beslut")
    badge = f'<span class="badge">{page.badge}</span>\n' if page.badge else ""
    if page.markup == "fused-bold":
        block = "".join(f"<b>{name}:</b> {escape(value)}" for name, value in fields)
        return f"{badge}<h1>{escape(page.title)}</h1>\n<div>{block}</div>\n"
    block = "".join(f"<span>{name}: {escape(value)}</span>" for name, value in fields)
    return f"{badge}<h1>{escape(page.title)}</h1>\n<p>{block}</p>\n"


def _head_dm_wp(page: Page) -> str:
    fields = _fields(page, "DM-nämndens beslut")
    title = f'<h1 class="entry-title">{escape(page.title)}</h1>\n'
    if page.markup == "table":
        rows = "".join(f"<tr><th>{name}</th><td>{escape(value)}</td></tr>\n" for name, value in fields)
        return f"{title}<table>\n{rows}</table>\n"
    if page.markup == "paragraphs":
        return title + "".join(f"<p><strong>{name}:</strong> {escape(value)}</p>\n" for name, value in fields)
    return title + "<p>" + "<br />\n".join(f"{name}: {escape(value)}" for name, value in fields) + "</p>\n"
