"""Quiet nights over many known decisions on loopback and known rows of an extract, beside the first of all.

python -m bench.quiet_night [--decisions 2500] [--rows 20000] [--engine sqlite|postgresql]...

The night's own work, without Prefect's server, for 300 members: register, sources, links, counts, every kind of rule,
mail, page. One night on which nothing has come, and one on which the authority has sent the known rows once more.
"""

import argparse
import csv
import hashlib
import json
import os
import tempfile
import threading
import time
from collections import Counter
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from bench.bare import open_database
from bench.extract_path import CONFIG, HEADERS, make_names, make_rows
from bench.pages import FACTS
from flows.night import run_night
from flows.workplace import open_workplace
from models.storage.store import upgrade
from tests.board_page_maker import MARKUPS, make_page, sheet_from_fact

_CONFIG = """
[association]
name = "Bench"
[register]
path = "register"
[mail]
from = "koll@bench.example"
maildir = "mail"
[mail.groups]
ethics = ["etik@bench.example"]
operators = ["drift@bench.example"]
[page]
folder = "page"
[sources.dm_namnden]
kind = "dm_namnden"
sites = ["{site}"]
delay = 0
"""


_RULES = """
[[rule]]
id = "total"
type = "limit"
sources = ["kv", "dm_namnden"]
window = { rolling_days = 365 }
levels = [10, 25, 50, 100]
to = ["ethics"]
[[rule]]
id = "phone"
type = "limit"
channel = "phone"
sources = ["kv", "dm_namnden"]
window = { rolling_days = 365 }
levels = [5, 15, 35]
to = ["ethics"]
[[rule]]
id = "upheld"
type = "event"
source = "dm_namnden"
outcomes = ["breach", "partly"]
to = ["ethics"]
[[rule]]
id = "rise"
type = "rise"
channels = ["any", "phone"]
threshold = "budget"
to = ["ethics"]
[[rule]]
id = "rank"
type = "rank"
window = { calendar = "year" }
top = 5
leave = 8
min_count = 10
to = ["ethics"]
[[rule]]
id = "follow-up"
type = "follow_up"
to = ["ethics"]
[[rule]]
id = "odd"
type = "source_odd"
to = ["operators"]
[[rule]]
id = "late"
type = "source_late"
to = ["operators"]
"""


def make_site(decisions: int) -> dict[str, bytes]:
    """Return the pages of a site with that many decisions and a sitemap of them, by path."""
    fact = next(f for line in FACTS.read_text("utf-8").splitlines() if (f := json.loads(line))["layout"] == "nix-v2")
    pages, listed, markups = {}, [], list(MARKUPS)
    for at in range(decisions):
        case = f"{10 + at // 900}-{at % 900 + 100}"
        path = f"/arenden/{case}"
        mine = {**fact, "diarienummer": case, "case_numbers": [case], "uttalandedatum": f"20{10 + at // 900}-06-01"}
        pages[path] = make_page(sheet_from_fact(mine, at), markups[at % len(markups)])
        listed.append(f"<url><loc>{{base}}{path}</loc><lastmod>2024-01-01</lastmod></url>")
    pages["/wp-sitemap.xml"] = b"<sitemapindex><sitemap><loc>{base}/posts.xml</loc></sitemap></sitemapindex>"
    pages["/posts.xml"] = f"<urlset>{''.join(listed)}</urlset>".encode()
    return pages


def serve(pages: dict[str, bytes], asked: Counter[int]) -> ThreadingHTTPServer:
    """Serve pages on loopback with ETags, counting the answers by status."""

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = pages.get(self.path, b"").replace(b"{base}", f"http://{self.headers['Host']}".encode())
            tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
            status = 404 if not body else 304 if self.headers.get("If-None-Match") == tag else 200
            asked[status] += 1
            self.send_response(status)
            self.send_header("ETag", tag)
            self.send_header("Content-Length", str(len(body) if status == 200 else 0))
            self.end_headers()
            if status == 200:
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep the terminal for the figures."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def lay_out(root: Path, site: str, rows: int) -> None:
    """Write an installation with a site of decisions, an extract, and a register of 300 members."""
    extract = CONFIG[CONFIG.index("[sources.kv]") :]
    (root / "koll.toml").write_text(_CONFIG.replace("{site}", site) + extract + _RULES, "utf-8")
    (root / "extracts").mkdir()
    (root / "register").mkdir()
    members = "".join(f"{org},{name}\n" for org, name in make_names(1000)[:300])
    (root / "register" / "members.csv").write_text(f"org_number,legal_name\n{members}", "utf-8")
    send(root, "utdrag", list(make_rows(rows)))


def send(root: Path, name: str, rows: list[Any]) -> None:
    """Let an extract with these rows arrive."""
    with (root / "extracts" / f"{name}_2025-09-01_2026-08-26.csv").open("w", encoding="cp1252", newline="") as file:
        csv.writer(file, delimiter=";").writerows([HEADERS, *rows])


def time_nights(root: Path, rows: int, asked: Counter[int], engine: str) -> None:
    place = open_workplace(root / "koll.toml", check=False)
    upgrade(place.engine)
    for name, day in (("first", 27), ("quiet", 28), ("sent again", 29)):
        if name == "sent again":
            send(root, "igen", sorted(make_rows(rows), reverse=True))
        asked.clear()
        started, cpu = time.perf_counter(), time.process_time()
        night = run_night(place, (), date(2026, 8, day), lambda _line: None)
        took, cpu = time.perf_counter() - started, time.process_time() - cpu
        new, changed = (sum(getattr(one, what) for one in night.nights) for what in ("new", "changed"))
        told = night.sum_up() if night.failed else f"{new} new, {changed} changed; answers {dict(asked)}"
        print(f"{engine:<12}{name:<12}{took:>9.2f}{cpu:>9.2f}  {told}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--decisions", type=int, default=2_500)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--engine", action="append", choices=("sqlite", "postgresql"))
    told = parser.parse_args()
    asked: Counter[int] = Counter()
    server = serve(make_site(told.decisions), asked)
    print(f"{'':<12}{'night':<12}{'seconds':>9}{'of CPU':>9}  (of this process)")
    for engine in told.engine or ("sqlite", "postgresql"):
        with tempfile.TemporaryDirectory() as folder, open_database(engine) as database:
            os.environ["KOLL_DATABASE_URL"] = database.url.replace("///koll.db", f"///{folder}/koll.db")
            lay_out(Path(folder), f"http://127.0.0.1:{server.server_port}", told.rows)
            time_nights(Path(folder), told.rows, asked, engine)
    server.shutdown()


if __name__ == "__main__":
    main()
