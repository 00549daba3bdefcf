"""A follow-up in plain words: what was seen, what was expected, how sure that is, and what stands beside it."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from flows.dossier.wording import CaseWording
from models.alerting.evaluation import Window


def say_verdict(found: Mapping[str, Any], words: CaseWording) -> str:
    """Return the verdict on all complaints in one or two sentences."""
    said = words.say(f"verdict_{found['channels']['any']['verdict']}")
    if found["channels"]["any"]["verdict"] != "too_early":
        return said
    told = found["tell_on"]
    return f"{said} {words.say('told_from', day=words.iso_day(told)) if told else words.say('told_never')}"


def say_counts(found: Mapping[str, Any], words: CaseWording) -> Iterator[str]:
    """Yield the figures in total: seen, expected, rate with its interval, and what to keep in mind."""
    one, after = found["channels"]["any"], found["after"]
    if after is None:
        yield words.say("after_nothing", grace=words.days(found["grace_days"]))
        return
    yield say_channel(found, "any", words)
    if one["expected_shrunk"] is not None and one["before"]:
        yield words.say("after_shrunk", expected=words.decimal(one["expected_shrunk"]))
    yield words.say("after_received", count=one["after_received"])


def say_channel(found: Mapping[str, Any], channel: str, words: CaseWording) -> str:
    """Return a channel's figures in a sentence or two; empty before there is anything to compare."""
    one, after = found["channels"][channel], found["after"]
    if after is None:
        return ""
    said = words.say(
        "after_counts",
        after=one["after"],
        complaints=words.complaints(one["after"]),
        span=words.span(Window(date.fromisoformat(after["from"]), date.fromisoformat(after["to"]))),
        expected=words.decimal(one["expected"]),
        before=one["before"],
        demand=words.iso_day(found["demand"]),
    )
    if one["low"] is None or not one["before"]:
        return said
    bounds = {name: words.ratio(one[name]) for name in ("ratio", "low", "high")}
    return f"{said} {words.say('after_ratio', **bounds)}"


def say_beside(found: Mapping[str, Any], titles: Mapping[str, str], words: CaseWording) -> Iterator[str]:
    """Yield what the comparison leaves out, how the other members fared, and earlier dates without a demand."""
    if found["late"]:
        yield words.say("after_late", sources=words.listing([titles.get(name, name) for name in found["late"]]))
    if found["new"]:
        listed = words.listing([titles.get(name, name) for name in found["new"]])
        yield words.say("after_new", sources=listed, count=found["new_sources_after"])
    if found["after"] is None:
        return
    others = found["others"]
    if others["low"] is None:
        yield words.say("others_none")
    else:
        bounds = {name: words.ratio(others[name]) for name in ("ratio", "low", "high")}
        yield words.say("others", **{name: others[name] for name in ("members", "before", "after")}, **bounds)
    ratios = [one["ratio"] for one in found["placebos"] if one["ratio"] is not None]
    if not ratios:
        yield words.say("placebos_none")
        return
    yield words.say("placebos", count=len(ratios), low=words.ratio(min(ratios)), high=words.ratio(max(ratios)))
