"""koll.toml: one typed class, read once; every fault listed at once, none guessed away.

Environment variables override the file: ``KOLL_DATABASE_URL`` is ``[database] url``, and a double underscore goes
deeper (``KOLL_SOURCES__TIPS__IMAP``). Paths are relative to the file. Secrets never stand in it: see ``SECRETS``.
"""

import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from models.alerting.rules import AlertsConfig, RuleConfig, read_rule
from models.cases.settings import CasesConfig, FollowUpConfig
from models.configuration.environment import name_variable, override, refuse_passwords
from models.configuration.faults import explain, name_unknown, show
from models.configuration.references import check_references
from models.configuration.sections import (
    SECTIONS,
    ArchiveFolder,
    Association,
    Backfill,
    Database,
    Mail,
    Operations,
    RegisterFiles,
    Retention,
    ReviewConfig,
    StaffPage,
)
from models.configuration.source_settings import SOURCE_KINDS, AnySource, DeclarationSettings, Section, WebSettings
from models.members.country import Country, find_country

_LONGEST_FILE = 1_000_000  # characters
_MOST_PARTS = 30  # of a dotted key
_RULE_MODELS: Mapping[str, type[BaseModel]] = {model.__name__: model for model in get_args(RuleConfig)}


class SettingsInvalid(ValueError):
    """The configuration cannot be used. ``faults`` has one line each: key, value, and what would be right."""

    def __init__(self, path: Path, faults: list[str]) -> None:
        self.faults = faults
        super().__init__(f"{path}: {len(faults)} fault(s)\n" + "\n".join(f"  - {fault}" for fault in faults))


class Settings(Section):
    """Everything configured, checked, with paths made absolute."""

    file: Path
    association: Association
    database: Database
    archive: ArchiveFolder
    members: RegisterFiles
    mail: Mail
    page: StaffPage
    review: ReviewConfig
    sources: dict[str, AnySource]
    alerts: AlertsConfig
    cases: CasesConfig
    follow_up: FollowUpConfig
    retention: Retention
    operations: Operations
    backfill: Backfill
    rules: tuple[RuleConfig, ...]

    @property
    def country(self) -> Country:
        """Whose forms of numbers and addresses are read."""
        return find_country(self.association.country, self.members.numbers)

    def enabled_sources(self) -> dict[str, AnySource]:
        """Return the sources that a night reads, by name."""
        return {name: source for name, source in self.sources.items() if source.enabled}

    def declarations(self) -> dict[str, DeclarationSettings]:
        """Return the enabled sources of declarations, which tell of no complaints."""
        return {n: one for n, one in self.enabled_sources().items() if isinstance(one, DeclarationSettings)}


def load_settings(path: Path, environ: Mapping[str, str] = os.environ, *, web_kinds: Iterable[str] = ()) -> Settings:
    """Read koll.toml and the environment into Settings. ``web_kinds`` are the kinds of web source there are.

    Raises SettingsInvalid with *all* faults: unknown keys, impossible values, sections and addresses missing.
    """
    path = path.absolute()
    tables = _read_tables(path)
    told: dict[str, str] = {}
    faults = [*override(tables, environ, told), *refuse_passwords(tables, told)]
    known = (*SECTIONS, "sources", "rule")
    faults += [name_unknown(key, known) for key in tables if key not in known]
    sections: dict[str, Any] = {}
    for key, model in SECTIONS.items():
        sections[key] = _read(model, tables.get(key, {}), key, faults, missing=key not in tables)
    sources = _read_sources(tables.get("sources", {}), faults, web_kinds)
    rules = _read_rules(tables.get("rule", []), faults)
    faults += check_references(tables)
    if faults:
        raise SettingsInvalid(path, [name_variable(fault, told) for fault in faults])
    sections["members"] = sections.pop("register")
    return _with_absolute_paths(Settings(file=path, sources=sources, rules=tuple(rules), **sections))


def _read_tables(path: Path) -> dict[str, Any]:
    """Return the file's tables; what no configuration is (megabytes, keys within keys without end) is not opened."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        if len(text) > _LONGEST_FILE or any(_is_endless(line) for line in text.splitlines()):
            raise ValueError("far larger than any configuration, or a key of many parts")
        return tomllib.loads(text)
    except FileNotFoundError as error:
        cure = "write one with `koll init`, or name another with --config"
        raise SettingsInvalid(path, [f"the file is not there: {cure}"]) from error
    except RecursionError as error:
        raise SettingsInvalid(path, ["cannot be read as TOML: lists or tables in each other without end"]) from error
    except (OSError, ValueError) as error:  # also no UTF-8, no TOML, and numbers too long to be any
        raise SettingsInvalid(path, [f"cannot be read as TOML in UTF-8: {error}"]) from error


def _is_endless(line: str) -> bool:
    key, equals, _ = line.partition("=")
    return (bool(equals) or key.startswith("[")) and key.count(".") > _MOST_PARTS


def _read_sources(tables: Any, faults: list[str], web_kinds: Iterable[str]) -> dict[str, AnySource]:
    kinds: dict[str, type[AnySource]] = {**SOURCE_KINDS, **dict.fromkeys(web_kinds, WebSettings)}
    sources: dict[str, AnySource] = {}
    if not isinstance(tables, dict) or not tables:
        faults.append("sources: at least one [sources.NAME] table is needed")
        return sources
    for name, table in tables.items():
        place = f"sources.{name}"
        kind = table.get("kind") if isinstance(table, dict) else None
        if not isinstance(table, dict):
            faults.append(f"{place}: a table is needed, written under [{place}]")
        elif not isinstance(kind, str) or kind not in kinds:
            shown = f".kind = {show(kind)}" if "kind" in table else ".kind is missing"
            faults.append(f"{place}{shown}: one of {', '.join(kinds)} is needed")
        elif not name.replace("_", "").isalnum():
            faults.append(f"{place}: a name of letters, digits and underscores is needed")
        elif source := _read(kinds[kind], table, place, faults):
            sources[name] = source
    return sources


def _read_rules(tables: Any, faults: list[str]) -> list[RuleConfig]:
    if not isinstance(tables, list):
        faults.append("rule: rules are written as [[rule]], with double brackets")
        return []
    rules = []
    for number, table in enumerate(tables, 1):
        place = f"rule {table.get('id', number) if isinstance(table, dict) else number}"
        try:
            rules.append(read_rule(table))
        except ValidationError as error:
            faults += explain(error, place, _RULE_MODELS[error.title])
        except ValueError as error:
            faults.append(f"{place}: {error}")
    return rules


def _read(model: type[Any], table: Any, place: str, faults: list[str], *, missing: bool = False) -> Any:
    if not isinstance(table, dict):
        faults.append(f"{place} = {show(table)}: a table is needed, written under [{place}]")
        return None
    try:
        return model.model_validate(table)
    except ValidationError as error:
        if missing:
            faults.append(f"[{place}] is missing: {', '.join(_required(model))} must be set")
        else:
            faults += explain(error, place, model)
        return None


def _required(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items() if field.is_required()]


def _with_absolute_paths(settings: Settings) -> Settings:
    root = settings.file.parent

    def settle(section: BaseModel) -> dict[str, Path]:
        return {name: root / value.expanduser() for name, value in section if isinstance(value, Path)}

    url = settings.database.url
    if url.startswith("sqlite:///") and not url.endswith(":memory:"):
        url = f"sqlite:///{root / url.removeprefix('sqlite:///')}"
    return settings.model_copy(
        update={
            "database": settings.database.model_copy(update={"url": url}),
            "archive": settings.archive.model_copy(update=settle(settings.archive)),
            "members": settings.members.model_copy(update=settle(settings.members)),
            "mail": settings.mail.model_copy(update=settle(settings.mail)),
            "operations": settings.operations.model_copy(update=settle(settings.operations)),
            "page": settings.page.model_copy(update=settle(settings.page)),
            "review": settings.review.model_copy(update=settle(settings.review)),
            "sources": {name: source.model_copy(update=settle(source)) for name, source in settings.sources.items()},
        }
    )
