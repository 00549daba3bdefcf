"""A paper drawn: one HTML file that needs nothing else, and a PDF with tags for screen readers."""

import json
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from flows.dossier.gather import Gathered
from flows.dossier.paper import Paper
from flows.dossier.wording import CaseWording
from flows.dossier.write import write_paper
from flows.workplace import Workplace
from sources.archive.durable import replacing

_TEMPLATE = Path(__file__).parent / "templates" / "dossier.typ"
_SCREEN_FONT = "system-ui, Arial, sans-serif"
_PRINT_FONT = "Libertinus Serif"  # comes with the library, so that the PDF is the same everywhere


def write_dossier(place: Workplace, found: Gathered, folder: Path, language: str | None = None) -> tuple[Path, Path]:
    """Write the HTML file and the PDF of a case into a folder, readable by their owner only; return both paths."""
    settings = place.settings
    chosen: Any = language or settings.association.language
    words = CaseWording(chosen, settings.association.timezone)
    association, disclosure = settings.association.name, settings.cases.disclosure
    screen, printed = (write_paper(found, words, association, disclosure, f) for f in (_SCREEN_FONT, _PRINT_FONT))
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"dossier-{found.org}-{found.case.number}" + ("" if language is None else f"-{language}")
    page, paper = folder / f"{stem}.html", folder / f"{stem}.pdf"
    _write(page, draw_html(screen).encode("utf-8", "replace"))
    _write(paper, draw_pdf(printed))
    return page, paper


def draw_html(paper: Paper) -> str:
    """Return the paper as one HTML document without scripts or anything to fetch."""
    return _environment().get_template("dossier.html.j2").render(paper=paper)


def draw_pdf(paper: Paper) -> bytes:
    """Return the paper as a tagged PDF. Its words reach the typesetter as data, never as markup."""
    import typst  # costs memory that nothing else needs

    data = {**asdict(paper), "day": [paper.day.year, paper.day.month, paper.day.day]}
    for part, shown in zip(paper.parts, data["parts"], strict=True):
        for block, values in zip(part.blocks, shown["blocks"], strict=True):
            values["kind"] = block.kind
    text = json.dumps(data, ensure_ascii=False).encode("utf-8", "replace").decode("utf-8")
    written = b""
    # The library's own fonts first: the same paper everywhere. A name in a script that they do not have is looked for
    # among the machine's; what nobody can show becomes boxes, which the standard for accessible papers refuses.
    for own_fonts, accessible in ((True, True), (False, True), (False, False)):
        try:
            written = typst.compile(
                str(_TEMPLATE),
                format="pdf",
                sys_inputs={"paper": text},
                ignore_system_fonts=own_fonts,
                pdf_standards="ua-1" if accessible else None,
            )
            break
        except typst.TypstError:
            if not accessible:
                raise
    return bytes(written)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("flows.dossier"),
        autoescape=select_autoescape(enabled_extensions=("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _write(path: Path, content: bytes) -> None:
    with replacing(path) as file:
        file.write(content)
