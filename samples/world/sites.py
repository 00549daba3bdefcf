"""The board's two sites and a broken one, as paths and bytes.

``{base}`` in a text file stands for the address the demo serves it on. A folder answers with its index file.
"""

from html import escape

from samples.world.decisions import PAGES
from samples.world.layouts import render_decision, render_frame, render_sections, site_name
from samples.world.page import DM, NIX, Page

Files = dict[str, bytes]
PER_LIST_PAGE = 3
_SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
_ABOUT = "<h1>Om nämnden</h1>\n<p>Nämnden prövar anmälningar om direktreklam mot branschens regler.</p>\n"


def write_sites() -> Files:
    """Return every file under site/ and what night 3 lays over it, by path from samples/."""
    night_1 = [page for page in PAGES if page.night == 1]
    files = {f"site/{NIX}/{path}": content for path, content in _write_nix(night_1).items()}
    later = {f"site-night-3/{NIX}/{path}": content for path, content in _write_nix(list(PAGES)).items()}
    later = {path: body for path, body in later.items() if files.get(path.replace("-night-3", "", 1)) != body}
    files |= later
    files |= {f"site/{DM}/{path}": content for path, content in _write_dm(night_1).items()}
    return files | {f"site/broken/{path}": content for path, content in _write_broken().items()}


def _file(page: Page) -> str:
    return page.path.strip("/") + "/index.html"


def _newest_first(pages: list[Page], site: str) -> list[Page]:
    return sorted((page for page in pages if page.site == site), key=lambda page: (page.published, page.path))[::-1]


def _write_nix(pages: list[Page]) -> Files:
    """A site with a WordPress sitemap, where posts, cases and other pages each have a sitemap of their own."""
    own = _newest_first(pages, NIX)
    texts = {_file(page): render_decision(page) for page in own}
    parts = {
        "wp-sitemap-posts-post-1.xml": [page for page in own if page.layout == "nix-v1"],
        "wp-sitemap-posts-arenden-1.xml": [page for page in own if page.layout == "nix-v2"],
    }
    for name, listed in parts.items():
        texts[name] = _sitemap("urlset", "url", [(page.path, page.published) for page in listed])
    texts["wp-sitemap-posts-page-1.xml"] = _sitemap("urlset", "url", [("/om/", "2024-01-15"), ("/", "2024-01-15")])
    index = [(f"/{name}", listed[0].published) for name, listed in parts.items()]
    texts["wp-sitemap.xml"] = _sitemap(
        "sitemapindex", "sitemap", [*index, ("/wp-sitemap-posts-page-1.xml", "2024-01-15")]
    )
    texts["robots.txt"] = (
        "User-agent: *\nDisallow: /wp-admin/\nAllow: /wp-admin/admin-ajax.php\n\nSitemap: {base}/wp-sitemap.xml\n"
    )
    texts["om/index.html"] = render_frame(NIX, "Om nämnden", _ABOUT)
    cases = f"<h1>Ärenden</h1>\n<ul>\n{_links(own)}</ul>\n"
    texts["arenden/index.html"] = render_frame(NIX, "Ärenden", cases)
    texts["index.html"] = render_frame(NIX, "Start", '<h1>Välkommen</h1>\n<p><a href="/arenden/">Ärenden</a></p>\n')
    return {path: text.encode("utf-8") for path, text in texts.items()}


def _sitemap(root: str, entry: str, rows: list[tuple[str, str]]) -> str:
    lines = "".join(
        f"<{entry}><loc>{{base}}{path}</loc><lastmod>{day}T09:30:00+01:00</lastmod></{entry}>\n" for path, day in rows
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{_SITEMAP}">\n{lines}</{root}>\n'


def _links(pages: list[Page]) -> str:
    return "".join(f'<li><a href="{page.path}">{escape(page.title)}</a> {page.published}</li>\n' for page in pages)


def _write_dm(pages: list[Page]) -> Files:
    """The old site: no sitemap; list pages that lead to each other, and a feed whose items lack the label block."""
    own = _newest_first(pages, DM)
    texts = {_file(page): render_decision(page) for page in own}
    last = -(-len(own) // PER_LIST_PAGE)
    for number in range(1, last + 1):
        listed = own[(number - 1) * PER_LIST_PAGE : number * PER_LIST_PAGE]
        path = "index.html" if number == 1 else f"page/{number}/index.html"
        texts[path] = _list_page(listed, number, last)
    texts["feed/index.xml"] = _feed(own[:PER_LIST_PAGE])
    texts["om/index.html"] = render_frame(DM, "Om nämnden", _ABOUT)
    texts["robots.txt"] = "User-agent: *\nDisallow: /wp-admin/\n"
    return {path: text.encode("utf-8") for path, text in texts.items()}


def _list_page(listed: list[Page], number: int, last: int) -> str:
    entries = "".join(
        f'<article><h2><a href="{page.path}" rel="bookmark">{escape(page.title)}</a></h2>\n'
        f"<time>{page.published}</time></article>\n"
        for page in listed
    )
    older = f'<a class="next page-numbers" rel="next" href="/page/{number + 1}/">Äldre uttalanden</a>\n'
    newer = f'<a class="prev page-numbers" href="{"/" if number == 2 else f"/page/{number - 1}/"}">Nyare</a>\n'
    links = (newer if number > 1 else "") + (older if number < last else "")
    feed = '<link rel="alternate" type="application/rss+xml" title="Flöde" href="{base}/feed/">\n'
    return render_frame(DM, f"Uttalanden, sida {number}", f"<h1>Uttalanden</h1>\n{entries}<nav>{links}</nav>\n", feed)


def _feed(pages: list[Page]) -> str:
    items = "".join(
        f"<item><title>{escape(page.title)}</title><link>{{base}}{page.path}</link>"
        f'<guid isPermaLink="true">{{base}}{page.path}</guid>'
        f"<description>{escape(render_sections(page))}</description></item>\n"
        for page in pages
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel>\n'
        f"<title>{site_name(DM)}</title><link>{{base}}/</link><description>Uttalanden</description>\n"
        f"{items}</channel></rss>\n"
    )


def _write_broken() -> Files:
    """A site whose listing answers, with status 200, that one must log in."""
    form = (
        "<h1>Logga in</h1>\n<p>Du måste logga in för att se ärendearkivet.</p>\n"
        '<form method="post" action="/wp-login.php">\n<label>Användarnamn <input name="log"></label>\n'
        '<label>Lösenord <input type="password" name="pwd"></label>\n<button>Logga in</button>\n</form>\n'
    )
    return {
        "robots.txt": b"User-agent: *\nDisallow: /wp-admin/\n",
        "index.html": render_frame(DM, "Logga in", form).encode("utf-8"),
    }
