"""`koll demo`: whole nights on a small invented world, with its own web server, mailbox, extracts and register."""

import hashlib
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.policy import default
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from flows.commands.shared import say
from flows.demo.case import finish_case, move_case
from flows.demo.worlds import SWEDEN, DemoWorld
from flows.looking.exports import Asked, export_counts, export_runs
from flows.workplace import Workplace, open_workplace
from models.storage.store import upgrade

NIGHTS = SWEDEN.nights
lay_out, write_config, deliver_day = SWEDEN.lay_out, SWEDEN.write_config, SWEDEN.deliver_day  # the first world's


class _Site(SimpleHTTPRequestHandler):
    """Static pages as the samples describe them: a folder is its index, {base} its address, 304 when unchanged."""

    def send_head(self) -> Any:
        """Answer with the page, or with 304 when the reader has it already."""
        path = Path(self.translate_path(unquote(urlsplit(self.path).path)))
        found = next((p for p in (path, path / "index.html", path / "index.xml") if p.is_file()), None)
        if found is None:
            self.send_error(404)
            return None
        base = f"http://{self.headers['Host']}"
        body = found.read_bytes().replace(b"{base}", base.encode())
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if self.headers.get("If-None-Match") == tag:
            self.send_response(304)
            self.end_headers()
            return None
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(found)))
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", tag)
        self.end_headers()
        self.wfile.write(body)
        return None

    def do_GET(self) -> None:
        """Answer a GET."""
        self.send_head()

    def log_message(self, *_: object) -> None:
        """Keep the terminal for the demo."""


@contextmanager
def serve_sites(root: Path, world: DemoWorld = SWEDEN) -> Iterator[dict[str, str]]:
    """Serve the world's sites on loopback while the block runs; yield their addresses by placeholder."""
    servers = []
    addresses = {}
    for key, (folder, port) in world.sites.items():
        handler = partial(_Site, directory=str(root / "site" / folder))
        try:
            server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        except OSError:  # the usual port is taken: any free one
            server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        addresses[key] = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield addresses
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


def run_demo(
    folder: Path, *, world: DemoWorld = SWEDEN, serve: bool = False, tell: Callable[[str], None] = say
) -> None:
    """Run a world's nights and the last again, and print what happened and where to look."""
    from flows.nightly import nightly

    root = folder.absolute()
    world.lay_out(root)
    last = max(world.nights)
    with serve_sites(root, world) as addresses:
        config = world.write_config(root, addresses)
        place = open_workplace(config, check=False)
        upgrade(place.engine)
        for number, day, again in (*((n, d, False) for n, d in world.nights.items()), (last, world.nights[last], True)):
            if not again:
                world.deliver_day(root, number)
            tell(f"\nNight of {day}{' once more: nothing new, so nothing happens' if again else ''}")
            before = set(_mails(place))
            nightly(config=str(config), business_date=day, return_state=True)
            _tell_night(place, before, tell)
            if world.has_case and (again or number < last):
                tell(f"The case on {world.centre}:")
                move_case(place, number, tell)
        if world.has_case:
            tell("\nThe dossier for the board:")
            finish_case(place, root, tell)
        _tell_end(place, world, root, config, tell)
        if serve:
            tell(f"\nServing {', '.join(addresses.values())}; press Ctrl-C to end.")
            _wait()


def _wait() -> None:
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        return


def _mails(place: Workplace) -> list[Path]:
    return sorted(place.settings.mail.maildir.glob("new/*"), key=lambda path: path.stat().st_mtime_ns)


def _tell_night(place: Workplace, before: set[Path], tell: Callable[[str], None]) -> None:
    run = list(export_runs(place, Asked()))[-1]
    for source in run["sources"]:
        if source["verdict"] == "broken":
            tell(f"  {source['source']}: BROKEN. {source['message']}")
            continue
        tell(
            f"  {source['source']}: {source['verdict']}, {source['new']} new, {source['changed']} changed,"
            f" {source['withdrawn']} withdrawn, {source['quarantined']} quarantined, {source['set_aside']} set aside;"
            f" complete through {source['complete_through']}"
        )
    tell(f"  -> {run['state']}: {run['message']}")
    for path in _mails(place):
        if path not in before:
            mail = message_from_bytes(path.read_bytes(), policy=default)
            tell(f"  mail to {mail['To']}: {mail['Subject']}")


def _tell_end(place: Workplace, world: DemoWorld, root: Path, config: Path, tell: Callable[[str], None]) -> None:
    tell("\nCounts, reported and not proven:")
    for row in sorted(export_counts(place, Asked(as_of=max(world.nights.values()))), key=lambda row: -row["total"]):
        if row["total"]:
            total, phone = row["rank_total"] or "-", row["rank_phone"] or "-"
            ranks = f"rank {total} in total, {phone} by telephone ({row['rank_scope']})"
            tell(f"  {row['name']}: {row['total']}, of which at least {row['phone_at_least']} by telephone; {ranks}")
    _show_mail(place, world, tell)
    shown = config.relative_to(Path.cwd()) if config.is_relative_to(Path.cwd()) else config
    koll = os.path.relpath(sys.argv[0]) if Path(sys.argv[0]).name == "koll" else "koll"
    tell(
        f"\nWhere to look:\n  staff page     {root / 'page' / 'index.html'}"
        f"\n  mails          {root / 'mail' / 'new'}"
        f"\n  data docs      {root / 'data-docs' / 'index.html'}"
        f"\n  status         {koll} status --config {shown}\n  quarantine     {koll} quarantine list --config {shown}"
        f"\n  everything     {koll} export complaints --config {shown}"
        + "".join(f"\n  {line.format(koll=koll, config=shown)}" for line in world.words)
    )


def _show_mail(place: Workplace, world: DemoWorld, tell: Callable[[str], None]) -> None:
    """Show the mail that the whole thing is for: the member at the centre has reached the highest level."""
    for path in _mails(place):
        mail = message_from_bytes(path.read_bytes(), policy=default)
        if world.centre in str(mail["Subject"]) and world.level in str(mail["Subject"]):
            body = mail.get_body(("plain",))
            tell(f"\nThe mail ({path}):\n\nSubject: {mail['Subject']}\n\n{body.get_content() if body else ''}")
            return
