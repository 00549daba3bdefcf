"""The weeks of a mail as a picture: found by its Content-ID, the same bytes each time, and no word fewer without it."""

import email
import email.policy
import re
from dataclasses import replace
from datetime import date
from email.message import EmailMessage

import pytest

from flows.mail.compose import compose_messages
from flows.mail.letters.picture import draw_weeks
from tests.alert_world import MEMBER, REAL_CASE, World, identity, limit

WEEKS = (*range(12), None, None, *range(12))
MONTHS = "jan feb mars apr maj juni juli aug sep okt nov dec"


def compose(language: str = "sv", charts: bool = True) -> list[bytes]:
    world = World(rules=[limit()]).started()
    world.counts = {("total-12m", MEMBER): 26}
    events = world.run()
    found = {("total-12m", MEMBER): replace(REAL_CASE, weekly=WEEKS)}
    mailing = replace(world.mailing(language, found), identity=replace(identity(language), charts=charts))
    return [row.message for row in compose_messages(events, mailing)]


def read(message: bytes) -> EmailMessage:
    found = email.message_from_bytes(message, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


def say(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content())


@pytest.mark.parametrize("language", ["sv", "en"])
def test_the_picture_stands_in_the_letter_by_its_content_id_with_words_for_whoever_does_not_see_it(
    language: str,
) -> None:
    [raw] = compose(language)
    message = read(raw)
    kinds = [part.get_content_type() for part in message.walk()]
    assert kinds == ["multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"]
    [picture] = [part for part in message.walk() if part.get_content_type() == "image/png"]
    html = say(message, "html")
    assert re.findall(r'src="cid:([^"]+)"', html) == [str(picture["Content-ID"]).strip("<>")]
    [words] = re.findall(r'alt="([^"]+)"', html)
    assert "26" in words and "11" in words and ("vecka" if language == "sv" else "by week") in words
    assert len(picture.get_content()) < 30_000 and picture.get_content().startswith(b"\x89PNG")
    numbers = "0 1 2 3 4 5 6 7 8 9 10 11 ? ? 0 1 2 3 4 5 6 7 8 9 10 11"
    assert numbers in " ".join(html.split()) and numbers in " ".join(say(message, "plain").split())


def test_a_letter_composed_again_is_the_same_to_the_byte_and_one_without_pictures_says_the_same() -> None:
    assert compose() == compose()
    with_picture, without = (read(compose(charts=charts)[0]) for charts in (True, False))
    assert say(with_picture, "plain") == say(without, "plain")
    assert "image/png" not in [part.get_content_type() for part in without.walk()]
    assert "cid:" not in say(without, "html")
    assert with_picture["Message-ID"] == without["Message-ID"]


def test_a_week_that_is_missing_is_drawn_otherwise_than_one_without_complaints() -> None:
    end = date(2026, 8, 25)
    missing, nothing = (draw_weeks((3, week, 5), end, "any", MONTHS) for week in (None, 0))
    assert missing != nothing
    draw_weeks.cache_clear()
    assert draw_weeks((3, None, 5), end, "any", MONTHS) == missing
    assert draw_weeks((None, None), end, "phone", MONTHS) and draw_weeks((0,), end, "phone", MONTHS)
