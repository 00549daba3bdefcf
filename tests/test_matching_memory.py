"""People's answers stand, and are asked again when the register has moved under them."""

from datetime import date

from stdnum import luhn

from models.matching.matcher import Matcher
from models.matching.memory import Answer, Said, memory_key
from models.matching.mention import KnownMember, Mention
from models.words import Band, Role


def number(nine: str) -> str:
    return nine + luhn.calc_check_digit(nine)


VELORA, KVARN, NORDFYR = number("556111222"), number("559333444"), number("556777888")
MEMBERS = [KnownMember(VELORA, VELORA, "Velora Energi AB"), KnownMember(KVARN, KVARN, "Kvarn Media AB")]
DOUBTFUL = Mention("Velora Energi HB", source="agency")


def remembering(said: Said, member: str | None, members: list[KnownMember] = MEMBERS, **more: object) -> Matcher:
    answer = Answer(said, member, "anna", date(2026, 8, 1), **more)  # type: ignore[arg-type]
    return Matcher(members, memory={memory_key(DOUBTFUL): answer})


def test_without_an_answer_a_person_is_asked() -> None:
    assert Matcher(MEMBERS).match(DOUBTFUL).band is Band.REVIEW


def test_an_answer_holds_for_the_same_text_however_it_is_cased() -> None:
    matcher = remembering(Said.MEMBER, VELORA)
    for text in ("Velora Energi HB", "VELORA  ENERGI hb"):
        found = matcher.match(Mention(text, source="agency"))
        assert (found.member, found.band, found.rule) == (VELORA, Band.ACCEPT, "memory-member")


def test_an_answer_holds_for_its_own_source_and_role_only() -> None:
    matcher = remembering(Said.MEMBER, VELORA)
    assert matcher.match(Mention(DOUBTFUL.text, source="tips")).band is Band.REVIEW
    assert matcher.match(Mention(DOUBTFUL.text, source="agency", role=Role.CALLER)).band is Band.REVIEW


def test_an_answer_for_every_source_holds_in_each() -> None:
    key = memory_key(DOUBTFUL)._replace(source="")
    matcher = Matcher(MEMBERS, memory={key: Answer(Said.MEMBER, VELORA)})
    assert matcher.match(DOUBTFUL).rule == "memory-member"


def test_not_this_member_binds_as_much() -> None:
    assert remembering(Said.NOT_MEMBER, VELORA).match(DOUBTFUL).member != VELORA
    found = remembering(Said.NOT_MEMBER, None).match(DOUBTFUL)
    assert (found.member, found.band, found.rule) == (None, Band.NONE, "memory-not-member")


def test_what_nobody_can_tell_is_not_asked_every_night() -> None:
    found = remembering(Said.AMBIGUOUS, None).match(DOUBTFUL)
    assert (found.band, found.rule) == (Band.NONE, "memory-ambiguous")


def test_an_answer_is_asked_again_when_its_member_has_left() -> None:
    found = remembering(Said.MEMBER, NORDFYR).match(DOUBTFUL)
    assert (found.band, found.rule) == (Band.REVIEW, "memory-stale")


def test_an_answer_is_asked_again_for_what_came_after_its_member_left() -> None:
    left = [KnownMember(VELORA, VELORA, "Velora Energi AB", (), None, date(2026, 9, 1)), MEMBERS[1]]
    matcher = remembering(Said.MEMBER, VELORA, left)
    assert matcher.match(Mention(DOUBTFUL.text, on=date(2026, 8, 30), source="agency")).rule == "memory-member"
    assert matcher.match(Mention(DOUBTFUL.text, on=date(2026, 9, 30), source="agency")).rule == "memory-stale"


def test_an_answer_is_asked_again_when_a_new_member_comes_near() -> None:
    newcomer = KnownMember(NORDFYR, NORDFYR, "Velora Energi HB")
    found = remembering(Said.MEMBER, VELORA, [*MEMBERS, newcomer], shown=(VELORA,), version="old").match(DOUBTFUL)
    assert (found.band, found.rule) == (Band.REVIEW, "memory-stale")


def test_a_register_that_grew_elsewhere_leaves_the_answer_alone() -> None:
    newcomer = KnownMember(NORDFYR, NORDFYR, "Havsbro Bokhandel AB")
    found = remembering(Said.MEMBER, VELORA, [*MEMBERS, newcomer], shown=(VELORA,), version="old").match(DOUBTFUL)
    assert found.rule == "memory-member"
    assert found.details["memory"]
