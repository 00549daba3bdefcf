"""The two README files of the world, with the figures that its truth gives."""

from samples.world.extracts import CHANNELS, HEADER
from samples.world.truth import Expected


def write_readme(expected: Expected) -> str:
    """Return samples/README.md from what expected.json holds."""
    members = "\n".join(
        f"| {m['legal_name']} | {m['total']} | {m['phone_at_least']} | {m['phone_unknown']} "
        f"| {m['rank_total'] or '–'} | {m['rank_phone'] or '–'} | {m['possible_more'] or ''} |"
        for m in expected["members"]
    )
    nights = "\n".join(
        f"| {night} | {n['business_date']} | `{n['file']}` | {n['rows']} | {n['accepted']} | {n['quarantined']} "
        f"| {n['new']} | {n['changed']} | {n['withdrawn']} | {n['returned']} |"
        for night, n in expected["nights"].items()
    )
    return _README.format(
        members=members,
        nights=nights,
        cases=len(expected["decisions"]),
        companies=expected["companies_in_extract"],
        centre=" → ".join(f"{n['total']} ({n['phone_at_least']})" for n in expected["members"][0]["by_night"].values()),
    )


_README = """# The demo's world

Every company, person, number and case here is invented. `python -m samples.build` writes it again, to the byte.
Organisation numbers begin with 4, a series that no entity is given; phones are from the ranges kept for fiction.

- `register/`: the members and the names they are known by (two lookalikes, one that left, one sole trader, a brand
  that changed owner on 1 May 2026).
- `extracts/night-1..3/`: what the consumer agency sent, copied into the watched folder night by night.
- `site/`: the ethics board's two sites and a broken one; serve each folder at a root of its own. A folder answers with
  its `index.html` or `index.xml`; `{{base}}` in a text file is the address it is served on. `site-night-3/` is laid
  over `site/` on the third night: one decision more.
- `inbox/`: 30 mails, 8 of them no tips; `inbox/expected.json` says which, about whom, and from which night on.
- `declarations/night-1..3/`: what members hand in: a good one, one that comes four weeks late, one that tells of fewer
  complaints than the agency, and one broken off in the middle.
- `koll.toml`: the configuration; replace `{{root}}`, `{{nix}}`, `{{dm}}` and `{{broken}}` as plain text. Under
  `{{root}}` it looks for `register/`, `extracts/` and `declarations/` (the watched folders) and `inbox/`.
- `usa/`: a second world, an association in the USA that works in English: `koll demo --world usa`. Its register has
  columns of its own and EINs, its sources are the CFPB's bulk files, the FTC's daily files and an inbox; rows are
  shaped as theirs and invented. `usa/expected.json` says what each night must lead to.

## What the agency's extracts must give

| night | on | file | rows | accepted | quarantined | new | changed | withdrawn | returned |
|---|---|---|---|---|---|---|---|---|---|
{nights}

After night 3, withdrawn rows left out; ranks are among the {companies} companies that the extract names for certain.
"More" are rows that may be about the member and need a fuller matcher or a person: they are not in the count.

| member | total | by telephone, at least | channel unknown | rank | rank by telephone | more |
|---|---|---|---|---|---|---|
{members}

Telefonhuset Norrsken AB over the nights, total (by telephone): {centre}. Paketbudet Express
Sverige AB, no member, has more in total, so the mail reads: 113, of which at least 37 by telephone; 2nd in total and
1st by telephone among all companies. The board's pages hold {cases} cases. `expected.json` has all this for programs.
"""


def write_extract_readme() -> str:
    """Return samples/extracts/README.md."""
    values = ", ".join(f"`{value}`" for value in CHANNELS if value)
    return f"""# Extracts

The columns are **our own convention**: no real extract has been seen, so nothing here says what one looks like.

    {";".join(HEADER)}

The period a file is complete for stands in its name. CSV is cp1252 with semicolons; the XLSX has dates as dates and
some organisation numbers as numbers. `Försäljningssätt` is one of {values} or empty.

On purpose there are also: rows without a company; a company only by number, brand or domain; a former name in and out
of its time; a selling method nobody knows; days that do not exist (one put right later); rows that come late, change,
go and come back; texts with semicolons, quotes, line breaks and invented personal data.
"""
