"""Whom 160 invented tips are about: precision and recall of member and role, day and channel, for each half.

Run with ``python -m bench.tips [--wrong]``. Every tip goes through the mail reader, the masking and the linker, as at
night. Half A was tuned on; half B was written before that and never looked at while tuning. *Counts* is what counts by
itself: a wrong one accuses an innocent company. *Asked* is what a person is asked about. Speeds are of one core.
"""

import argparse
import hashlib
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from bench.tip_set import HALVES, LabelledTip, load_members, load_tips
from flows.intake.linking import Linker, hash_phones
from models.drafts import Draft
from models.matching.matcher import Matcher
from models.matching.mention import KnownMember
from models.storage.stage import Link
from models.words import Band, Channel, Role
from sources.contract import RawItem
from sources.inbox.tips import TIPS_INFO, Tips

KEY = b"a key for measuring"


@dataclass
class Score:
    """Right and wrong, summed over the tips of one half."""

    tips: int = 0
    found: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def add(self, name: str, right: int, given: int, due: int) -> None:
        self.found[f"{name} right"] += right
        self.found[f"{name} given"] += given
        self.found[f"{name} due"] += due

    def show(self, name: str) -> str:
        right, given, due = (self.found[f"{name} {what}"] for what in ("right", "given", "due"))
        precision = f"{right / given:.3f}" if given else "  -  "
        recall = f"{right / due:.3f}" if due else "  -  "
        return f"precision {precision} ({right}/{given})   recall {recall} ({right}/{due})"


def judge(tip: LabelledTip, draft: Draft, link: Link, linker: Linker, score: Score) -> None:
    """Compare what the product makes of one tip with its labels."""
    score.tips += 1
    counted = {link.member} if link.band is Band.ACCEPT and link.member else set()
    found = linker.find(draft, draft.event_on or draft.received_on)
    asked = {one.member for one in found} - counted
    sure = {member for member, (_, beyond_doubt) in tip.who.items() if beyond_doubt}
    acting = {member for member in sure if tip.who[member][0] is not Role.PRINCIPAL}
    score.add("counts", len(counted & sure), len(counted), len(acting))
    score.add("named", len((counted | asked) & tip.who.keys()), len(counted | asked), len(tip.who))
    roles = {one.member: one.role for one in found}
    same = sum(roles[member] is tip.who[member][0] for member in roles.keys() & tip.who.keys())
    score.add("role", same, len(roles.keys() & tip.who.keys()), len(tip.who))
    score.add(
        "day", int(draft.event_on == tip.event is not None), int(draft.event_on is not None), int(tip.event is not None)
    )
    told = draft.channel is not Channel.UNKNOWN
    score.add("channel", int(told and draft.channel is tip.channel), int(told), int(tip.channel is not Channel.UNKNOWN))
    for line in complain(tip, draft, counted, asked, acting, roles):
        score.wrong.append(f"{tip.id} {tip.kind}: {line}")


def complain(
    tip: LabelledTip, draft: Draft, counted: set[str], asked: set[str], acting: set[str], roles: dict[str, Role]
) -> Iterator[str]:
    """Yield what is not as labelled."""
    if innocent := counted - {m for m, (_, s) in tip.who.items() if s}:
        yield f"COUNTED {innocent}"
    if missed := acting - counted:
        yield f"not counted {missed}{' but asked' if missed <= asked else ''}"
    if unseen := tip.who.keys() - counted - asked - acting:
        yield f"not seen {unseen}"
    if needless := asked - tip.who.keys():
        yield f"asked in vain {needless}"
    for member in roles.keys() & tip.who.keys():
        if roles[member] is not tip.who[member][0]:
            yield f"role {roles[member]}, not {tip.who[member][0]}"
    if draft.event_on != tip.event:
        yield f"day {draft.event_on}, not {tip.event}"
    if draft.channel is not tip.channel:
        yield f"channel {draft.channel}, not {tip.channel}"


def read_mails(mails: list[bytes]) -> list[Draft]:
    """Return the drafts of mails, read one by one."""
    reader = Tips("bench", TIPS_INFO.bounds, None, None, None, KEY, "forbund.example")
    drafts = []
    for content in mails:
        drafts += reader.parse(content, RawItem("mail", hashlib.sha256(content).hexdigest()))
    return drafts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wrong", action="store_true", help="show what of half A is not as labelled")
    show_wrong = parser.parse_args().wrong
    members: list[KnownMember] = load_members(KEY)
    linker = Linker(Matcher(members), "bench", hash_phones(members, KEY))
    for half in HALVES:
        tips = list(load_tips(half, members))
        mails = [tip.to_mail() for tip in tips]
        started = time.perf_counter()
        drafts = read_mails(mails)
        links = [linker.link(draft) for draft in drafts]
        seconds = time.perf_counter() - started
        score = Score()
        for tip, draft, link in zip(tips, drafts, links, strict=True):
            judge(tip, draft, link, linker, score)
        print(f"half {half.upper()}: {score.tips} tips, {score.tips / seconds:,.0f} a second")
        for name in ("counts", "named", "role", "day", "channel"):
            print(f"  {name:8} {score.show(name)}")
        if show_wrong and half == "a":
            print("\n".join(f"    {line}" for line in score.wrong))


if __name__ == "__main__":
    main()
