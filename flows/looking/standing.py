"""How the configured sources stand: what each has told, up to when, and which of them names all companies."""

from datetime import date, datetime, timedelta

from sqlalchemy import Connection, Table, select

from flows.workplace import Workplace
from models.alerting.evaluation import SourceState
from models.configuration.source_settings import AnySource, ExtractSettings
from models.counting import read_watermarks
from models.storage.tables import QuarantineItem, SourceNight
from models.words import Verdict
from sources.registry import INFOS

_NIGHTS: Table = SourceNight.__table__  # type: ignore[attr-defined]
_QUARANTINE: Table = QuarantineItem.__table__  # type: ignore[attr-defined]


def load_source_states(
    place: Workplace, connection: Connection, on: date, known_at: datetime | None = None, *, every: bool = False
) -> dict[str, SourceState]:
    """Return the state of each enabled source of complaints on a business date, by name; ``every`` other one too."""
    through = read_watermarks(connection, known_at)
    last = _load_last_nights(connection, known_at)
    refused = _list_refused(connection, known_at)
    states = {}
    aside = () if every else place.settings.declarations()
    for name, chosen in place.settings.enabled_sources().items():
        if name in aside:
            continue
        # A kind is asked, which imports it, only for what koll.toml leaves open.
        allowed = chosen.max_age_days if chosen.max_age_days is not None else INFOS[chosen.kind].bounds.max_age_days
        reached = through.get(name)
        verdict, read_at = last.get(name, ("never read", None))
        states[name] = SourceState(
            name=name,
            title=title_of(name, chosen),
            complete_through=reached,
            last_read=read_at,
            verdict=Verdict.ODD if verdict == Verdict.OK and name in refused else verdict,
            late=reached is None or (on - reached).days > allowed,
            max_age_days=allowed,
            missing_days=_list_missing(reached, on),
        )
    return states


def are_declarations_known(place: Workplace, connection: Connection, on: date) -> bool:
    """Tell whether all that members have handed in was read: while it was not, nobody is said to be late."""
    states = load_source_states(place, connection, on, every=True)
    handed_in = [states[name] for name in place.settings.declarations()]
    return bool(handed_in) and not any(one.late or one.verdict == Verdict.BROKEN for one in handed_in)


def _list_missing(reached: date | None, on: date) -> tuple[date, ...]:
    """Return the days after ``reached`` that have passed without being told, at most the last half year of them."""
    if reached is None:
        return ()
    first = max(reached + timedelta(days=1), on - timedelta(days=182))
    return tuple(first + timedelta(days=n) for n in range((on - first).days))


def _load_last_nights(connection: Connection, known_at: datetime | None) -> dict[str, tuple[str, datetime | None]]:
    """Return (last verdict, when it was last read well) by source."""
    asked = select(_NIGHTS.c.source, _NIGHTS.c.verdict, _NIGHTS.c.at).order_by(_NIGHTS.c.at)
    found: dict[str, tuple[str, datetime | None]] = {}
    for row in connection.execute(asked if known_at is None else asked.where(_NIGHTS.c.at <= known_at)):
        well = found.get(row.source, ("", None))[1] if row.verdict == Verdict.BROKEN else row.at
        found[row.source] = (row.verdict, well)
    return found


def _list_refused(connection: Connection, known_at: datetime | None) -> set[str]:
    """Return the sources of which rows wait in quarantine: a later night that reads nothing new does not end that."""
    open_rows = (_QUARANTINE.c.state == "open") & _QUARANTINE.c.kept.is_(False)
    asked = select(_QUARANTINE.c.source).where(open_rows).distinct()
    known = asked if known_at is None else asked.where(_QUARANTINE.c.first_seen <= known_at)
    return set(connection.execute(known).scalars())


def title_of(name: str, chosen: AnySource) -> str:
    """Return what people call a source: as configured, else its publisher's title, else its name."""
    if chosen.title:
        return chosen.title
    return name.replace("_", " ").capitalize() if isinstance(chosen, ExtractSettings) else INFOS[chosen.kind].title


def pick_country_source(place: Workplace, connection: Connection) -> str | None:
    """Return the source among whose companies ranks are "in the country", or None.

    An authority's extract tells of complaints as they come in, a board only of what it decided: extracts go first, and
    of several the one with most complaints.
    """
    from sqlalchemy import func

    from models.storage.tables import Complaint

    naming = [name for name, chosen in place.settings.enabled_sources().items() if names_all(chosen)]
    if not naming:
        return None
    table: Table = Complaint.__table__  # type: ignore[attr-defined]
    counted = select(table.c.source, func.count().label("n")).where(table.c.source.in_(naming)).group_by(table.c.source)
    sizes = {row.source: row.n for row in connection.execute(counted)}
    chosen = place.settings.sources
    return max(
        (name for name in naming if name in sizes),
        key=lambda n: (chosen[n].kind == "extract", sizes[n], n),
        default=None,
    )


def names_all(chosen: AnySource) -> bool:
    """Tell whether a source names every company it has complaints about."""
    if isinstance(chosen, ExtractSettings):
        return chosen.all_companies
    return INFOS[chosen.kind].names_all_companies
