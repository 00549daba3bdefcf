"""Business years and due dates. Pure: a member's year-end, the rule's due day, and the calendar.

A business year is called by the calendar year in which it ends. In Sweden it ends with a month (3 kap. 1 and 3 §§
bokföringslagen), so a year-end of 02-28 or 02-29 is the last day of February, whichever that is. A member whose
year-end the register does not tell has the calendar year, as the law has it unless another is chosen.
"""

import calendar
from dataclasses import dataclass
from datetime import date, timedelta

CALENDAR_YEAR = "12-31"


@dataclass(frozen=True)
class BusinessYear:
    """Twelve months; both ends included."""

    year: int
    start: date
    end: date


def _on(year: int, month: int, day: int) -> date:
    """Return the day of that month, or the month's last where it has not so many."""
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))


def read_month_day(text: str) -> tuple[int, int]:
    """Return (month, day) of MM-DD; raises ValueError when no year has such a day."""
    month, _, day = text.partition("-")
    found = date.fromisoformat(f"2024-{text}") if len(month) == len(day) == 2 else None
    if found is None:
        raise ValueError("a day of the year as MM-DD is needed, such as 03-31")
    return found.month, found.day


def end_of_year(year_end: str | None, year: int) -> date:
    """Return the last day of the business year called ``year``."""
    month, day = (int(part) for part in (year_end or CALENDAR_YEAR).split("-"))
    return _on(year, month, 31 if (month, day) == (2, 28) else day)


def business_year(year_end: str | None, year: int) -> BusinessYear:
    """Return the business year called ``year``; years follow one another without a gap."""
    return BusinessYear(year, end_of_year(year_end, year - 1) + timedelta(days=1), end_of_year(year_end, year))


def last_ended(year_end: str | None, on: date) -> int:
    """Return the newest business year that had ended before ``on``."""
    return next(year for year in (on.year, on.year - 1) if end_of_year(year_end, year) < on)


def due_on(year_end: str | None, year: int, due: str) -> date:
    """Return the last day to hand in for a business year.

    ``due`` (MM-DD) is the day that holds for the calendar year; who has another year-end has as many months. So
    03-31 is the last day of the third month after the year's end: 31 March, or 30 September for 06-30.
    """
    months, day = read_month_day(due)
    end = end_of_year(year_end, year)
    years, month = divmod(end.month - 1 + months, 12)
    return _on(end.year + years, month + 1, day)


def newest_begun(year_end: str | None, due: str, first_offset: int, on: date) -> int:
    """Return the newest business year that one asks for on a day: its due date is at most ``-first_offset`` days off.

    ``first_offset`` is the first reminder's, in days from the due date (-30: a month before it).
    """
    years = range(on.year + 1, on.year - 4, -1)
    return next(year for year in years if due_on(year_end, year, due) + timedelta(days=first_offset) <= on)


def owes(year: BusinessYear, joined_on: date | None, left_on: date | None, on: date) -> bool:
    """Tell whether a member has to declare for a year: it had joined before the year was over, and has not left."""
    return (joined_on is None or joined_on <= year.end) and (left_on is None or left_on > on)
