"""Politeness, counted at the server: who asks, how often, how fast, and what is left alone."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path

import pytest

from flows.demo import nights as demo
from flows.demo.nights import deliver_day
from flows.looking.doctor import count_quiet_requests, examine
from tests.demo_world import FIRST, SECOND, THIRD, World, demo_world


class Counting:
    """What the demo's web server was asked: (when, host, path, user agent), one row a request."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.rows: list[tuple[float, str, str, str]] = []

    def by_host(self) -> Counter[str]:
        return Counter(host for _, host, _, _ in self.rows)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Counting:
    counting = Counting()
    answer = demo._Site.do_GET

    def count(site: demo._Site) -> None:
        with counting.lock:
            row = (time.monotonic(), site.headers["Host"], site.path, site.headers.get("User-Agent", ""))
            counting.rows.append(row)
        answer(site)

    monkeypatch.setattr(demo._Site, "do_GET", count)
    monkeypatch.setattr(ThreadingHTTPServer, "request_queue_size", 50)
    return counting


@pytest.fixture
def world(tmp_path: Path, asked: Counting) -> Iterator[World]:
    with demo_world(tmp_path / "world") as laid_out:
        deliver_day(laid_out.root, 1)
        yield laid_out


def reading(world: World) -> object:
    return world.open().archive.last_reading("dm_namnden")


def test_a_quiet_night_asks_for_robots_and_list_pages_and_nothing_else(world: World, asked: Counting) -> None:
    world.night(FIRST, "dm_namnden")
    asked.rows.clear()
    night = world.night(SECOND, "dm_namnden").nights[0]
    records = {item.name for item in reading(world).items if item.role == "record"}
    urls = [f"http://{host}{path}" for _, host, path, _ in asked.rows]
    assert len(records) > 20 and not records & set(urls)
    assert len(urls) == len(set(urls)), "a page was asked for twice"
    listings = {item.name for item in reading(world).items if item.role == "listing"}
    # Beside them a site without sitemap is asked once whether it has one, or a list where such sites keep theirs.
    usual = ("/robots.txt", "/wp-sitemap.xml", "/arenden/", "/uttalanden/", "/feed/")
    assert {url for url in set(urls) - listings if not url.endswith(usual)} == set()
    assert night.requests == dict(asked.by_host())


def test_one_changed_page_costs_one_request_more(world: World, asked: Counting) -> None:
    world.night(FIRST, "dm_namnden")
    quiet = count_quiet_requests(world.open(), "dm_namnden")
    sitemap = world.root / "site" / "nixnamnden" / "wp-sitemap-posts-arenden-1.xml"
    first = sitemap.read_text("utf-8").split("<lastmod>", 1)
    sitemap.write_text(f"{first[0]}<lastmod>2026-08-01{first[1][10:]}", "utf-8")
    later = time.time() + 60
    import os

    os.utime(sitemap, (later, later))
    asked.rows.clear()
    world.night(SECOND, "dm_namnden")
    assert sum(asked.by_host().values()) == sum(quiet.values()) + 1


def test_doctor_tells_the_requests_of_a_night_and_they_are_those_the_server_sees(world: World, asked: Counting) -> None:
    world.night(FIRST, "dm_namnden")
    found = [
        one["found"] for one in examine(world.config) if one["what"] == "dm_namnden" and "requests" in one["found"]
    ]
    told = count_quiet_requests(world.open(), "dm_namnden")
    assert found and all(f"{host} {number}" in found[0] for host, number in told.items())
    asked.rows.clear()
    world.night(THIRD, "dm_namnden")
    assert told == dict(asked.by_host())


def test_doctor_says_that_a_source_never_read_will_be_read_whole(world: World) -> None:
    world.open()
    found = [one["found"] for one in examine(world.config) if one["what"] == "dm_namnden"]
    assert any("not read yet" in line and "at most 500" in line for line in found)


def test_every_request_says_who_asks_and_how_to_reach_a_person(world: World, asked: Counting) -> None:
    world.night(FIRST)
    assert asked.rows
    assert {agent for *_, agent in asked.rows} == {"Medlemskoll/1.1.0 (Kontakta; +medlemskoll@kontakta.example)"}


def test_robots_is_asked_first_on_every_host_and_what_it_forbids_is_left_alone(world: World, asked: Counting) -> None:
    robots = world.root / "site" / "nixnamnden" / "robots.txt"
    robots.write_text("User-agent: *\nDisallow: /arenden/25-\n", "utf-8")
    night = world.night(FIRST, "dm_namnden").nights[0]
    for host in asked.by_host():
        assert next(path for _, one, path, _ in asked.rows if one == host) == "/robots.txt"
    assert [path for _, _, path, _ in asked.rows if path.startswith("/arenden/25-")] == []
    assert night.verdict == "broken" or "robots-forbid" in night.message


def test_the_delay_is_kept_between_any_two_requests_to_one_host(world: World, asked: Counting) -> None:
    config = world.config.read_text("utf-8").replace("rows = [20, 500]\ndelay = 0", "rows = [20, 500]\ndelay = 0.05")
    world.config.write_text(config, "utf-8")
    world.night(FIRST, "dm_namnden")
    for host in asked.by_host():
        times = [at for at, one, _, _ in asked.rows if one == host]
        gaps = [later - earlier for earlier, later in pairwise(times)]
        assert min(gaps) >= 0.05, f"{host}: {min(gaps):.3f} s"
