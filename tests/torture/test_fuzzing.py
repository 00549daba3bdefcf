"""Damaged and hostile input through every parser, a few thousand of the hundred thousand of ``make torture``."""

import random
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.drafts import Draft
from tests.torture.fuzzing.feeding import make_input
from tests.torture.fuzzing.mutations import KINDS, Edit, damage
from tests.torture.fuzzing.running import find_damaged, try_input
from tests.torture.fuzzing.targets import Sample, Target, list_targets

EACH = 12
EDITS = st.lists(
    st.builds(Edit, st.sampled_from(KINDS), st.floats(0, 1), st.floats(0, 0.2), st.integers(0, 60_000)),
    min_size=1, max_size=5,
)  # fmt: skip
# What no key is written with; what it stands in must be refused, or read with the damage left out.
DAMAGE = [b"\x00", b"\x07", b"\x1b", b"\xff", "\ufffd".encode(), b"\xc3", "\u202e".encode()]


@pytest.fixture(scope="module")
def targets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Target]]:
    yield {target.name: target for target in list_targets(tmp_path_factory.mktemp("fuzz"))}


def held(target: Target, content: bytes, sample: Sample) -> list[Draft]:
    """The drafts of one input, which must keep every promise but the one on time: the machine may be busy."""
    tried = try_input(target, content, sample)
    assert [broken for broken in tried.broken if not broken.endswith(" s")] == [], target.name
    return tried.drafts


def test_no_damaged_input_stops_a_parser_and_no_row_with_a_damaged_key_is_accepted(targets: dict[str, Target]) -> None:
    seed = random.Random().randrange(1 << 30)
    for target in targets.values():
        rows: list[tuple[Sample, Draft]] = []
        for number in range(EACH):
            content, sample = make_input(target, seed, number)
            rows += [(sample, draft) for draft in held(target, content, sample)][:200]
        if target.kind and rows:
            assert list(find_damaged(target, rows)) == [], f"{target.name}, seed {seed}"


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), edits=EDITS)
def test_whatever_is_done_to_a_sample_is_read_or_refused(
    targets: dict[str, Target], data: st.DataObject, edits: list[Edit]
) -> None:
    target = targets[data.draw(st.sampled_from(sorted(targets)))]
    sample = data.draw(st.sampled_from(target.samples))
    held(target, damage(sample.content, edits, target.family, [one.content for one in target.samples[:5]]), sample)


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_key_with_damage_in_it_is_no_key(targets: dict[str, Target], data: st.DataObject) -> None:
    keyed = sorted(name for name, one in targets.items() if one.kind and one.family in ("page", "csv"))
    target = targets[data.draw(st.sampled_from(keyed))]
    sample = data.draw(st.sampled_from(target.samples))
    drafts = held(target, sample.content, sample)
    keys = {draft.source_id for draft in drafts if draft.source_id}
    written = sorted(key for key in keys if sample.content.count(key.encode()) == 1)
    if not written:
        return
    key = data.draw(st.sampled_from(written)).encode()
    place = sample.content.index(key) + data.draw(st.integers(1, max(1, len(key) - 1)))
    damaged = sample.content[:place] + data.draw(st.sampled_from(DAMAGE)) + sample.content[place:]
    rows = [(sample, draft) for draft in held(target, damaged, sample)]
    assert list(find_damaged(target, rows)) == []
