"""The temporary tables in which a reading lies until it is merged."""

from sqlalchemy import Column, Date, Index, Integer, MetaData, String, Table

from models.draft_table import FACTS
from models.storage.tables import Complaint

_COMPLAINT: Table = Complaint.__table__  # type: ignore[attr-defined]
_COPIED = ("source_id", "status", "hash", *FACTS, "member", "band", "why", "raw_sha256", "raw_locator")
_DEFAULTS = {"status": "accepted", "flags": "[]", "facts": "{}", "reexamination": "0", "precedence": "0"}
COLUMNS = ", ".join(_COPIED)
SPACE = MetaData()
STAGE = Table(
    "stage",
    SPACE,
    Column("seq", Integer, primary_key=True),
    Column("item", Integer, nullable=False),
    Column("state", String, nullable=False, server_default="new"),
    Column("source_id", String, nullable=False),
    *(
        Column(name, _COMPLAINT.c[name].type, server_default=_DEFAULTS.get(name))
        for name in _COPIED
        if name != "source_id"
    ),
    Column("text", String),
    Column("delete_after", Date),
    prefixes=["TEMPORARY"],
)
FIND = Index("stage_source_id", STAGE.c.source_id)  # made when the rows are in: that is quicker
PERIOD = Table(  # what an item is complete for; without dates, for everything
    "stage_period",
    SPACE,
    Column("item", Integer, primary_key=True),
    Column("first_day", Date),
    Column("last_day", Date),
    prefixes=["TEMPORARY"],
)
Table("stage_gone", SPACE, Column("id", Integer, primary_key=True), prefixes=["TEMPORARY"])
