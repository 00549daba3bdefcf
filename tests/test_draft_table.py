"""Drafts as columns say what drafts as rows say."""

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from models.draft_table import FACTS, DraftTable, hash_facts, sort_facts, sort_flags
from models.drafts import Draft, Fault, MentionDraft, RawRef
from models.words import Channel, Evidence, Kind, Outcome, Role

words = st.none() | st.text(max_size=8)
days = st.none() | st.dates(date(1990, 1, 1), date(2030, 1, 1))
drafts = st.builds(
    Draft,
    source_id=words,
    kind=st.sampled_from(Kind),
    raw=st.builds(RawRef, sha256=st.sampled_from(["a" * 64, "b" * 64]), locator=st.just("row 1")),
    received_on=days,
    event_on=days,
    company=words,
    org_number=words,
    channel=st.none() | st.sampled_from(Channel),
    channel_evidence=st.none() | st.sampled_from(Evidence),
    category=words,
    outcome=st.none() | st.sampled_from(Outcome),
    reexamination=st.booleans(),
    url=words,
    text=words,
    mentions=st.just(()) | st.just((MentionDraft(text="Annat AB", role=Role.CALLER),)),
    flags=st.lists(st.sampled_from(["b", "a"]), max_size=2).map(tuple),
    faults=st.just(()) | st.just((Fault(code="row-ragged", field=""),)),
    precedence=st.integers(0, 2),
    facts=st.dictionaries(st.sampled_from(["z", "ö"]), st.text(max_size=3), max_size=2),
)
tables = st.lists(drafts, max_size=6)


def hash_slowly(draft: Draft) -> str:
    facts = {name: getattr(draft, name) for name in (*FACTS, "text")}
    return hash_facts({**facts, "flags": sort_flags(draft.flags), "facts": sort_facts(draft.facts)})


@settings(max_examples=60, deadline=None)
@given(tables, tables, st.data())
def test_a_table_gives_back_its_rows_cut_joined_or_mended(first, second, data) -> None:
    rows = [*first, *second]
    table = DraftTable.join([DraftTable.of(first), DraftTable.of(second)])
    assert table == rows
    assert table.hash_rows() == [hash_slowly(row) for row in rows]
    taken = data.draw(st.lists(st.sampled_from(range(len(rows))), unique=True) if rows else st.just([]))
    part, wanted = table.take(taken), [rows[at] for at in taken]
    if wanted:
        at, put = data.draw(st.integers(0, len(wanted) - 1)), data.draw(drafts)
        wanted[at] = put
        part.put(at, put)
    assert part == wanted
    assert part.hash_rows() == [hash_slowly(row) for row in wanted]


def test_the_hash_of_a_row_is_the_one_that_installed_databases_hold() -> None:
    draft = Draft(source_id="1", kind=Kind.COMPLAINT, raw=RawRef(sha256="0" * 64), received_on=date(2026, 5, 1),
                  company="Åtta \"AB\"", channel=Channel.PHONE, flags=("b", "a"), text="Rad\n")  # fmt: skip
    assert DraftTable.of([draft]).hash_rows() == ["f28b0acabbfff38d42bc47805410a1bc"]
