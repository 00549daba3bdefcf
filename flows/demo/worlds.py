"""The demo's worlds as they lie under samples/: what is laid out, what arrives before each night, what is served."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from flows.demo.case import MEMBER

SAMPLES = Path(__file__).parent.parent.parent / "samples"


@dataclass(frozen=True)
class DemoWorld:
    """One association's world.

    ``sites``: placeholder in the configuration -> (folder under site/, its usual port). ``arrivals``: folder of the
    samples, with {night} in it -> where it is copied before that night. ``centre`` is the member whose mail is shown,
    when it reaches ``level``.
    """

    folder: Path
    nights: Mapping[int, date]
    sites: Mapping[str, tuple[str, int]]
    laid_out: tuple[str, ...]
    arrivals: Mapping[str, str]
    centre: str
    level: str
    has_case: bool = False
    words: tuple[str, ...] = ()  # where else to look in this world; {koll} and {config} are filled in

    def lay_out(self, root: Path) -> None:
        """Lay out a fresh world: register, sites, and the empty folders in which things arrive."""
        if root.exists():
            if not (root / "koll.toml").exists() and any(root.iterdir()):
                raise FileExistsError(17, "exists and is no earlier demo; choose another with --folder", str(root))
            shutil.rmtree(root)
        root.mkdir(parents=True)
        for folder in {"inbox", *self.arrivals.values()}:
            (root / folder).mkdir(parents=True, exist_ok=True)
        for folder in self.laid_out:
            shutil.copytree(self.folder / folder, root / folder, dirs_exist_ok=True)
        _close_to_others(root)

    def write_config(self, root: Path, addresses: Mapping[str, str]) -> Path:
        """Fill in the world's configuration and return its path."""
        text = (self.folder / "koll.toml").read_text("utf-8").replace("{root}", str(root))
        for key, address in addresses.items():
            text = text.replace(f"{{{key}}}", address)
        config = root / "koll.toml"
        config.write_text(text, "utf-8")
        config.chmod(0o600)
        return config

    def deliver_day(self, root: Path, night: int) -> None:
        """Let arrive what arrives before a night."""
        for source, target in self.arrivals.items():
            arrived = self.folder / source.format(night=night)
            if arrived.is_dir():
                shutil.copytree(arrived, root / target, dirs_exist_ok=True)
        for name, mail in self._read_mails().items():
            if mail["night"] == night:
                shutil.copy2(self.folder / "inbox" / name, root / "inbox" / name)
        for folder in ("inbox", *self.arrivals.values()):
            _close_to_others(root / folder)

    def _read_mails(self) -> Mapping[str, Mapping[str, int]]:
        """Return the mails that lie in one folder for all nights, with the night of each."""
        path = self.folder / "inbox" / "expected.json"
        mails: Mapping[str, Mapping[str, int]] = json.loads(path.read_text("utf-8")) if path.is_file() else {}
        return mails


def _close_to_others(top: Path) -> None:
    """Give what was copied the rights that an installation has: those of the checkout came along, open to all."""
    for path in (top, *top.rglob("*")) if top.exists() else ():
        path.chmod(0o700 if path.is_dir() else 0o600)


SWEDEN = DemoWorld(
    SAMPLES,
    {1: date(2026, 7, 2), 2: date(2026, 8, 4), 3: date(2026, 8, 27)},
    {"nix": ("nixnamnden", 8731), "dm": ("dm-namnden", 8732), "broken": ("broken", 8733)},
    ("register", "site"),
    {
        "extracts/night-{night}": "extracts",
        "declarations/night-{night}": "declarations",
        "site-night-{night}": "site",
    },
    "Telefonhuset Norrsken AB",
    "→100",
    has_case=True,
    words=(
        "declarations   {koll} declarations status --config {config}; {koll} declarations compare --config {config}",
        f"the case       {{koll}} case show {MEMBER} --config {{config}}",
        "another night  {koll} demo --serve; in another terminal {koll} nightly --config {config} --date 2026-08-28",
        "One source failed on purpose (dm_gamla_arkivet answers with a log-in page): so you see what a failure"
        " looks like.",
    ),
)
USA = DemoWorld(
    SAMPLES / "usa",
    {1: date(2026, 7, 2), 2: date(2026, 8, 4)},
    {"ftc": ("ftc", 8734)},
    ("register",),
    {"cfpb/night-{night}": "cfpb", "ftc/night-{night}": "site/ftc", "inbox/night-{night}": "inbox"},
    "Copperfield Receivables Group, LLC",
    "→25",
)
WORLDS: Mapping[str, DemoWorld] = {"sweden": SWEDEN, "usa": USA}
