"""Discovery on a WordPress site, against a real server on loopback."""

from urllib.request import urlopen

import pytest
from pytest_httpserver import HTTPServer

from sources.contract import SourceBroken
from sources.faults import FetchFailed
from sources.pages.wordpress import Opened, discover_records

XML = "text/xml"


@pytest.fixture(autouse=True)
def _unknown_pages_are_404(httpserver):
    httpserver.no_handler_status_code = 404


def open_page(url: str) -> Opened:
    try:
        with urlopen(url, timeout=5) as answer:
            return Opened(answer.url, answer.read().decode())
    except OSError as error:
        code = "not-found" if getattr(error, "code", 0) == 404 else "server-error"
        raise FetchFailed(code, url, "no") from None


def is_record(url: str) -> bool:
    return "/arenden/" in url and not url.endswith("/arenden/") and "/page/" not in url


def discover(server: HTTPServer, siblings: frozenset[str] = frozenset()):
    return discover_records(server.url_for("/"), open_page, is_record, siblings)


def serve(server: HTTPServer, path: str, body: str, kind: str = "text/html") -> None:
    address, _, query = path.partition("?")
    server.expect_request(address, query_string=query or None).respond_with_data(
        body.replace("{base}", server.url_for("").rstrip("/")), content_type=kind
    )


def sitemap(*places: str) -> str:
    rows = "".join(
        f"<url><loc>{{base}}{p.split()[0]}</loc>{f'<lastmod>{p.split()[1]}</lastmod>' if ' ' in p else ''}</url>"
        for p in places
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{rows}</urlset>\n'


def index(*places: str) -> str:
    rows = "".join(f"<sitemap><loc>{{base}}{place}</loc></sitemap>" for place in places)
    return (
        f'<?xml version="1.0"?>\n<?xml-stylesheet type="text/xsl" href="x.xsl"?>\n<sitemapindex>{rows}</sitemapindex>'
    )


def links(*paths: str, after: str = "") -> str:
    return "<html><body>" + "".join(f'<h2><a href="{p}">Ett beslut</a></h2>' for p in paths) + after + "</body></html>"


def paths(found, server) -> dict[str, str]:
    return {url.removeprefix(server.url_for("").rstrip("/")): lastmod for url, lastmod in found.urls.items()}


def test_the_sitemap_gives_every_record_with_its_lastmod_and_skips_terms_and_authors(httpserver):
    places = [
        "/wp-sitemap-posts-arende-1.xml",
        "/wp-sitemap-posts-arende-2.xml",
        "/wp-sitemap-taxonomies-category-1.xml",
    ]
    serve(httpserver, "/wp-sitemap.xml", index(*places, "/wp-sitemap-users-1.xml"), XML)
    serve(httpserver, places[0], sitemap("/arenden/21-001 2021-03-04T10:00:00+01:00", "/om/ 2020-01-01"), XML)
    serve(httpserver, places[1], sitemap("/arenden/21-002"), XML)
    found = discover(httpserver)
    assert found.way == "sitemap"
    assert paths(found, httpserver) == {"/arenden/21-001": "2021-03-04T10:00:00+01:00", "/arenden/21-002": ""}
    assert len(found.pages) == 3


def test_a_sitemap_cut_short_breaks_the_source(httpserver):
    serve(httpserver, "/wp-sitemap.xml", sitemap("/arenden/21-001", "/arenden/21-002")[:-30], XML)
    with pytest.raises(SourceBroken) as broken:
        discover(httpserver)
    assert broken.value.code == "listing-cut"


def test_a_sub_sitemap_that_fails_breaks_the_source(httpserver):
    serve(httpserver, "/wp-sitemap.xml", index("/wp-sitemap-posts-arende-1.xml"), XML)
    httpserver.expect_request("/wp-sitemap-posts-arende-1.xml").respond_with_data("", status=500)
    with pytest.raises(SourceBroken):
        discover(httpserver)


def test_a_sub_sitemap_that_is_a_login_page_breaks_the_source(httpserver):
    serve(httpserver, "/wp-sitemap.xml", index("/wp-sitemap-posts-arende-1.xml"), XML)
    serve(httpserver, "/wp-sitemap-posts-arende-1.xml", "<html><form>Logga in</form></html>")
    with pytest.raises(SourceBroken) as broken:
        discover(httpserver)
    assert broken.value.code == "listing-unknown"


@pytest.mark.parametrize(
    "paging",
    [
        '<a rel="next" href="/page/2/">2</a>',
        '<a class="next page-numbers" href="/page/2/">2</a>',
        '<a href="/page/2/">← Äldre inlägg</a>',
        '<a href="/page/2/">Nästa »</a>',
        '<link rel="next" href="/page/2/">',
    ],
)
def test_without_a_sitemap_list_pages_are_followed_by_any_next_link(httpserver, paging):
    serve(httpserver, "/", links("/arenden/21-003", after=paging))
    serve(httpserver, "/page/2/", links("/arenden/21-002", "/arenden/21-003"))
    found = discover(httpserver)
    assert (found.way, sorted(paths(found, httpserver))) == ("list", ["/arenden/21-002", "/arenden/21-003"])


def test_lists_linked_from_the_front_page_and_the_feed_add_what_it_lacks(httpserver):
    serve(httpserver, "/", links(after='<a href="/alla/">Alla uttalanden</a>'))
    serve(httpserver, "/alla/", links("/arenden/21-001"))
    items = "<item><title>x</title><link>{base}/arenden/21-009</link></item>"
    serve(httpserver, "/feed/", f'<?xml version="1.0"?><rss version="2.0"><channel>{items}</channel></rss>', XML)
    found = discover(httpserver)
    assert sorted(paths(found, httpserver)) == ["/arenden/21-001", "/arenden/21-009"]


def test_paging_that_turns_in_a_circle_ends(httpserver):
    serve(httpserver, "/", links("/arenden/21-001", after='<a rel="next" href="/?p=1">n</a>'))
    for n in range(1, 30):
        serve(httpserver, f"/?p={n}", links("/arenden/21-001", after=f'<a rel="next" href="/?p={n + 1}">n</a>'))
    assert len(discover(httpserver).urls) == 1
    assert len(httpserver.log) < 15


def test_a_site_with_only_a_feed_is_read_page_by_page(httpserver):
    serve(httpserver, "/", "<html><p>Välkommen</p></html>")
    for n, path in enumerate(("/feed/?paged=3", "/feed/?paged=2", "/feed/")):
        items = f"<item><link>{{base}}/arenden/21-00{n}</link></item>" if n else ""
        serve(httpserver, path, f"<rss><channel>{items}</channel></rss>", XML)
    found = discover(httpserver)
    assert (found.way, len(found.urls)) == ("feed", 2)


@pytest.mark.parametrize(
    "body", ["<html><form>Logga in</form></html>", "<html>Sidan underhålls</html>", "", "<html>Är du en robot?</html>"]
)
def test_a_site_that_answers_everything_with_some_other_page_is_broken(httpserver, body):
    httpserver.expect_request("/robots.txt").respond_with_data("", status=404)
    for path in ("/", "/wp-sitemap.xml", "/feed/", "/arenden/", "/uttalanden/"):
        serve(httpserver, path, body)
    with pytest.raises(SourceBroken) as broken:
        discover(httpserver)
    assert broken.value.code == "listing-unknown"


def test_a_host_that_sends_everybody_to_another_configured_host_has_moved(httpserver):
    other = HTTPServer()
    other.start()
    try:
        other.expect_request("/wp-sitemap.xml").respond_with_data("x", content_type=XML)
        target = other.url_for("/wp-sitemap.xml")
        httpserver.expect_request("/wp-sitemap.xml").respond_with_data("", status=301, headers={"Location": target})
        assert discover(httpserver, frozenset({f"{other.host}:{other.port}"})).way == "moved"
    finally:
        other.stop()


def test_odd_links_do_not_stop_discovery(httpserver):
    serve(httpserver, "/", links("http://[", "javascript:void(0)", "mailto:a@b.example", "/arenden/21-001#svar"))
    assert list(paths(discover(httpserver), httpserver)) == ["/arenden/21-001"]
