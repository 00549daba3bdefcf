"""`koll init --wizard`: the essentials asked one by one, each answer tried at once, koll.toml written at the end."""

import getpass
import os
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from flows.starting.edit import set_key
from flows.starting.phrases import PHRASES
from flows.starting.trying import Refused, try_address, try_folder, try_mail_server, try_mailbox, try_register
from flows.workplace import read_secret
from models.configuration.environment import SECRETS
from models.configuration.settings import Settings, SettingsInvalid, load_settings
from sources.registry import WEB_KINDS

Check = Callable[[str], str]
_YES = {"ja", "j", "yes", "y", "true"}
_NO = {"nej", "n", "no", "false"}


class Stopped(RuntimeError):
    """The dialogue ended before the last answer; nothing was written."""


@dataclass
class Wizard:
    """One dialogue about one configuration file, whose present settings are what is proposed."""

    config: Path
    language: str = "sv"
    answers: dict[str, str | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read what there is; a file that cannot be read at all is the one fault that stops a beginning."""
        self.text = (
            self.config.read_text("utf-8-sig")
            if self.config.exists()
            else resources.files("flows").joinpath("koll.example.toml").read_text("utf-8")
        )
        try:
            self.tables = tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            raise Stopped(f"{self.config}: not TOML ({error}); mend that line, or move the file away") from error
        try:
            self.settings: Settings | None = load_settings(self.config, web_kinds=WEB_KINDS)
        except SettingsInvalid:
            self.settings = None

    def say(self, phrase: str, **values: object) -> str:
        """Return a phrase in the language of the dialogue."""
        return PHRASES[phrase][0 if self.language == "sv" else 1].format(**values)

    def ask_all(self) -> None:
        """Ask everything. Raises Stopped when the answers end, KeyboardInterrupt as Python does."""
        self.language = self._ask("Språk / Language (sv, en)", self._usual("association", "language"), self._language)
        tell(self.say("begin", file=self.config))
        self._put("name", self._usual("association", "name"), None)
        self._put("register", self._usual("register", "path"), lambda a: try_register(self._at(a), self.settings))
        self._put("sender", self._usual("mail", "from"), try_address)
        smtp = self._usual("mail", "smtp")
        self._put("smtp", smtp, lambda a: try_mail_server(a, self._password("smtp_password")), optional=True)
        for group in ("ethics", "operators"):
            self._put(group, ", ".join(self.tables.get("mail", {}).get("groups", {}).get(group, [])), _try_addresses)
        while True:
            self._ask_sources()
            if any(self.answers[name] for name in ("extract", "board", "tips")):
                break
            tell(self.say("refused", why=self.say("no_source")))
        self._put("page", self._usual("page", "folder"), lambda a: try_folder(self._at(a)), optional=True)

    def _ask_sources(self) -> None:
        extract, board, tips = (self._source(kind) for kind in ("extract", "dm_namnden", "tips"))
        self._put("extract", extract.get("folder", ""), lambda a: try_folder(self._at(a)), optional=True)
        agreed = self._ask(self.say("board"), ("nej", "ja")[bool(board) and board.get("enabled", True)], self._agree)
        self.answers["board"] = "yes" if agreed.casefold() in _YES else None
        self._put("tips", tips.get("imap") or tips.get("maildir", ""), self._try_tips, optional=True)

    def write(self) -> Iterator[str]:
        """Write the file in one step, once it loads; yield what a person is to know. Raises SettingsInvalid."""
        text = self._fill_in()
        self.config.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self.config.parent, prefix=f".{self.config.name}.")
        part = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            settings = load_settings(part, web_kinds=WEB_KINDS)
            part.replace(self.config)
        finally:
            part.unlink(missing_ok=True)
        for key in ("extract", "tips"):
            if (folder := self.answers[key]) and "://" not in folder:
                self._at(folder).mkdir(parents=True, exist_ok=True)
        yield self.say("written", file=self.config)
        if needed := sorted(_list_secrets(settings)):
            yield self.say("secrets", variables=", ".join(needed))
        yield self.say("next")

    def _fill_in(self) -> str:
        given, text = self.answers, self.text
        for table, key, answer in (
            ("association", "name", given["name"]), ("association", "language", self.language),
            ("register", "path", given["register"]), ("mail", "from", given["sender"]),
            ("mail", "smtp", given["smtp"]), ("page", "folder", given["page"]),
        ):  # fmt: skip
            text = set_key(text, table, key, answer)
        for group in ("ethics", "operators"):
            text = set_key(text, "mail.groups", group, _split(given[group] or ""))
        text = self._switch(text, "extract", given["extract"], {"folder": given["extract"]})
        text = self._switch(text, "dm_namnden", given["board"], {})
        tips, is_imap = given["tips"], "://" in (given["tips"] or "")
        return self._switch(
            text, "tips", tips, {"imap" if is_imap else "maildir": tips, "maildir" if is_imap else "imap": None}
        )

    def _switch(self, text: str, kind: str, answer: str | None, keys: dict[str, str | None]) -> str:
        """Turn a source on with its keys, or off; one that is not wanted and not there is not begun."""
        table = f"sources.{self._name_source(kind)}"
        there = bool(self._source(kind))
        if answer is None:
            return set_key(text, table, "enabled", False) if there else text
        for key, value in reversed(keys.items()):
            text = set_key(text, table, key, value)
        if not there:
            text = set_key(text, table, "kind", kind)
        return set_key(text, table, "enabled", True) if "enabled" in self._source(kind) else text

    def _name_source(self, kind: str) -> str:
        known = {"extract": "konsumentverket"}.get(kind, kind)
        return next((n for n, s in self._sources().items() if s.get("kind") == kind), known)

    def _sources(self) -> dict[str, Any]:
        found = self.tables.get("sources")
        return {n: s for n, s in found.items() if isinstance(s, dict)} if isinstance(found, dict) else {}

    def _source(self, kind: str) -> dict[str, Any]:
        return next((source for source in self._sources().values() if source.get("kind") == kind), {})

    def _usual(self, table: str, key: str) -> str:
        found = self.tables.get(table)
        return str(found.get(key, "")) if isinstance(found, dict) else ""

    def _at(self, answer: str) -> Path:
        return self.config.absolute().parent / Path(answer).expanduser()

    def _try_tips(self, answer: str) -> str:
        if "://" in answer:
            return try_mailbox(answer, self._password("imap_password"))
        return try_folder(self._at(answer))

    def _password(self, name: str) -> Callable[[], str | None]:
        """Return what finds a password: where runs find it, else a person who types it; that one is kept nowhere."""
        found = read_secret(name)
        if found is None and sys.stdin.isatty():
            found = getpass.getpass(self.say("borrow", variable=SECRETS[name])) or None
        return lambda: found

    def _language(self, answer: str) -> str:
        if answer not in ("sv", "en"):
            raise Refused(self.say("one_of"), keepable=False)
        return answer

    def _agree(self, answer: str) -> str:
        if answer.casefold() not in _YES | _NO:
            raise Refused(self.say("yes_or_no"), keepable=False)
        return answer

    def _put(self, key: str, usual: str, check: Check | None, *, optional: bool = False) -> None:
        given = self._ask(self.say(key), usual or ("-" if optional else ""), check, optional=optional)
        self.answers[key] = given or None

    def _ask(self, question: str, usual: str, check: Check | None, *, optional: bool = False) -> str:
        """Return an answer that holds, "" for one that is skipped; a refused one is explained and asked for again."""
        refused = ""
        while True:
            given = self._read(f"{question}{f' [{usual}]' if usual else ''}: ", question) or usual
            if given == "-" and optional:
                return ""
            if given == "=" and refused:
                tell(self.say("kept", answer=refused))
                return refused
            if not given or given in ("-", "="):
                tell(self.say("refused", why=self.say("needed")))
                continue
            try:
                if check is not None:
                    tell(self.say("good", found=check(given).replace("\n", "\n    ")))
            except Refused as error:
                refused = given if error.keepable else ""
                tell(self.say("refused", why=str(error).replace("\n", "\n    ")))
                tell(self.say("again" if refused else "try_again"))
            else:
                return given

    def _read(self, prompt: str, question: str) -> str:
        try:
            given = input(prompt).strip()
        except EOFError:
            tell("")
            raise Stopped(self.say("ended", question=question)) from None
        if not sys.stdin.isatty():
            tell(given)
        return given


def tell(line: str) -> None:
    """Print a line; the dialogue is plain, so that answers can be piped in."""
    print(line, flush=True)


def _split(answer: str) -> list[str]:
    return [address.strip() for address in answer.replace(";", ",").split(",") if address.strip()]


def _try_addresses(answer: str) -> str:
    return "\n".join(try_address(address) for address in _split(answer))


def _list_secrets(settings: Settings) -> Iterator[str]:
    if "@" in (settings.mail.smtp or ""):
        yield SECRETS["smtp_password"]
    if any(getattr(source, "imap", None) for source in settings.enabled_sources().values()):
        yield SECRETS["imap_password"]
