"""Commands about kinds of source: which there are, and a new one begun from a page."""

import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from flows.commands.shared import CONFIG, AsJson, Config, fail, print_json, print_table, say, telling_faults

source = typer.Typer(no_args_is_help=True, help="Kinds of source: which there are, and a new one.")

_COUNTRIES = {"se": "sweden", "no": "norway", "fi": "finland", "dk": "denmark", "gov": "usa"}
_COLUMNS = ("kind", "title", "publisher", "rows", "quiet_days", "licence")


@source.command("list")
def list_kinds(as_json: AsJson = False) -> None:
    """List the kinds of source there are, with their usual bounds and terms."""
    from sources.registry import INFOS

    rows = [
        {
            "kind": kind,
            "title": info.title,
            "publisher": info.publisher,
            "rows": f"{info.bounds.rows[0]} to {info.bounds.rows[1]}",
            "quiet_days": info.bounds.quiet_days,
            "licence": info.licence,
        }
        for kind, info in sorted(INFOS.items())
    ]
    if as_json:
        print_json(rows)
    else:
        print_table("Kinds of source", rows, _COLUMNS)


@source.command("new")
def begin_source(
    name: Annotated[str, typer.Argument(help="The kind's name: small letters, digits and underscores.")],
    url: Annotated[str, typer.Option("--url", help="A list whose rows are records, or one record's page.")],
    config: Config = CONFIG,
    contact: Annotated[str, typer.Option("--contact", help="Where the publisher can reach you.")] = "",
    country: Annotated[str, typer.Option("--country", help="The folder under sources/; else by the address.")] = "",
    delay: Annotated[float, typer.Option("--delay", min=0, help="Seconds between two requests.")] = 2.0,
    project: Annotated[Path, typer.Option("--project", help="The checkout to write into.")] = Path(),
) -> None:
    """Save a page politely, and write a first source and its failing golden test around it."""
    from sources.encoding import decode_bytes
    from sources.pages.text import PageTooLarge
    from sources.skeleton import PageUnusable, write_bad_pages, write_module
    from sources.web.session import PoliteSession

    place = country or _COUNTRIES.get((urlsplit(url).hostname or "").rpartition(".")[2], "abroad")
    pages, module = project / "tests" / "pages" / name, project / "sources" / place / f"{name}.py"
    _refuse_wrong_use(name, url, place, project, [pages / "first.html", module])
    with telling_faults():
        user_agent = _name_us(config, contact)
        fetched = PoliteSession([urlsplit(url).netloc], user_agent=user_agent, delay=delay).fetch(url)
        try:
            text = write_module(name, fetched.url, decode_bytes(fetched.content, fetched.charset).text)
        except (PageUnusable, PageTooLarge) as error:
            fail(f"{url}: {error}; take another of the publisher's pages")
        for folder in (pages, module.parent):
            folder.mkdir(parents=True, exist_ok=True)
        package = module.parent / "__init__.py"
        if not package.exists():
            package.write_text(f'"""Publishers: {place}."""\n', "utf-8")
        for stem, content in {"first": fetched.content, **write_bad_pages(fetched.content)}.items():
            (pages / f"{stem}.html").write_bytes(content)
        module.write_text(text, "utf-8")
    say(f"saved  {pages / 'first.html'}, with half of it and a log-in page beside it\nwrote  {module}")
    say(f"next   pytest tests/test_list_sources.py tests/test_source_policies.py -k {name}")
    say("       fails: it writes what was read beside each page. Read it, mend the source, state its licence, save a")
    say("       fourth page that is odd, and run again")


def _refuse_wrong_use(name: str, url: str, place: str, project: Path, files: list[Path]) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_]{1,40}", name):
        raise typer.BadParameter(f"{name!r}: small letters, digits and underscores, beginning with a letter")
    if not re.fullmatch(r"[a-z][a-z0-9_]{1,40}", place) or place == "inbox":
        raise typer.BadParameter(f"{place!r}: a country's folder, such as sweden")
    if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
        raise typer.BadParameter(f"{url!r}: an address such as https://example.org/list is needed")
    if not (project / "sources" / "contract.py").is_file() or not (project / "tests").is_dir():
        fail(f"{project.absolute()}: no checkout of the project; go there, or name it with --project")
    taken = [path for path in [*files, *(project / "sources").glob(f"*/{name}.py")] if path.exists()]
    if taken:
        fail(f"{taken[0]} is there already; choose another name, or mend that one")


def _name_us(config: Path, contact: str) -> str:
    """Return the honest user agent, from the configuration or from ``contact``."""
    from models.configuration.settings import load_settings
    from sources import VERSION
    from sources.registry import WEB_KINDS, name_user_agent

    if contact:
        return f"Medlemskoll/{VERSION} (+{contact})"
    if not config.exists():
        fail(f"{config} is not there, so the publisher would not know who asks: give --contact or --config")
    return name_user_agent(load_settings(config, web_kinds=WEB_KINDS))
