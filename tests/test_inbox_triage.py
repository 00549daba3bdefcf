"""Which mail is set aside, and that people's mail never is."""

import pytest

from sources.inbox.kind import REASONS
from sources.inbox.mail import read_mail
from sources.inbox.tips import TIPS_INFO
from sources.inbox.triage import find_reason

BODY = "Solvik ringde mig igen trots spärr."


def sort(headers: str, body: str = BODY) -> str | None:
    content = f"Date: Mon, 2 Mar 2026 10:00:00 +0100\n{headers}\n\n{body}".encode()
    mail = read_mail(content)
    return find_reason(mail, "forbund.example", f"{mail.subject} {mail.text}")


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ("From: koll@forbund.example\nAuto-Submitted: auto-generated", "own-alert"),
        ("From: x@y.example\nMessage-ID: <1@mail.forbund.example>\nAuto-Submitted: auto-generated", "own-alert"),
        ("From: x@y.example\nX-Medlemskoll: alert", "own-alert"),
        ("From: x@y.example\nContent-Type: multipart/report; report-type=feedback-report", "feedback-report"),
        ("From: x@y.example\nContent-Type: multipart/report; report-type=disposition-notification", "receipt"),
        ("From: x@y.example\nContent-Type: multipart/report; report-type=delivery-status", "bounce"),
        ("From: MAILER-DAEMON@y.example\nSubject: Undelivered Mail Returned to Sender", "bounce"),
        ("From: x@y.example\nReturn-Path: <>\nSubject: Oleveransbart: hej", "bounce"),
        ("From: x@y.example\nX-Failed-Recipients: z@y.example", "bounce"),
        ("From: x@y.example\nSubject: Autosvar: Tips", "auto-reply"),
        ("From: x@y.example\nAuto-Submitted: auto-replied (vacation)", "auto-reply"),
        ("From: x@y.example\nX-Autoreply: yes", "auto-reply"),
        ("From: x@y.example\nPrecedence: auto_reply", "auto-reply"),
        ("From: x@y.example\nSubject: Frånvaro: Tips", "out-of-office"),
        ("From: x@y.example\nSubject: Automatic reply: Out of office", "out-of-office"),
        ("From: x@y.example\nX-Spam-Flag: YES", "spam"),
        ("From: x@y.example\nX-Spam-Status: Yes, score=9", "spam"),
        ("From: x@y.example\nSubject: ***SPAM*** vinst", "spam"),
        ("From: x@y.example\nList-Id: <prat.y.example>", "mailing-list"),
        ("From: x@y.example\nPrecedence: list", "mailing-list"),
        ("From: x@y.example\nList-Unsubscribe: <https://y.example>", "newsletter"),
        ("From: x@y.example\nPrecedence: bulk", "newsletter"),
    ],
)
def test_a_machine_is_set_aside_with_its_reason(headers: str, reason: str) -> None:
    assert sort(headers) == reason


@pytest.mark.parametrize(
    "headers",
    [
        "From: x@y.example\nSubject: Tips",
        "From: anna@forbund.example\nSubject: VB: Tips",
        "From: x@y.example\nAuto-Submitted: no",
        "From: x@y.example\nX-Auto-Response-Suppress: All",
        "From: x@y.example\nList-Id: <tips.forbund.example>\nPrecedence: list\nList-Unsubscribe: <https://g.example>",
        "From: x@y.example\nX-Spam-Flag: NO\nX-Spam-Status: No, score=1",
        "From: x@y.example\nSubject: De säljer semester",
        "From: postmaster@y.example\nSubject: Tips om Solvik",
        "From: x@y.example\nPrecedence: first-class",
    ],
)
def test_what_a_person_writes_is_a_tip(headers: str) -> None:
    assert sort(headers) is None


def test_a_mail_of_nothing_is_set_aside_and_a_subject_alone_is_not() -> None:
    assert sort("From: x@y.example\nSubject: Hej", "\n") == "empty"
    assert sort("From: x@y.example\nSubject: Solvik ringer hela tiden", "\n") is None


def test_an_automatic_answer_about_being_away_says_so() -> None:
    assert sort("From: x@y.example\nAuto-Submitted: auto-replied", "Jag är på semester.") == "out-of-office"


def test_every_reason_is_a_declared_check() -> None:
    declared = {check.code for check in TIPS_INFO.checks}
    assert {f"set-aside-{reason}" for reason in REASONS} <= declared
