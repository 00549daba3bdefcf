"""koll.toml: what is wrong is told all at once, each with key, value and what would be right; secrets never shown."""

from pathlib import Path

import pytest

from models.configuration.settings import Settings, SettingsInvalid, load_settings
from models.configuration.source_settings import ExtractSettings, TipsSettings
from models.words import Channel

GOOD = """
[association]
name = "Kontakta"
[database]
url = "sqlite:///koll.db"
[archive]
path = "archive"
[register]
path = "register"
[mail]
from = "koll@kontakta.example"
[mail.groups]
ethics = ["etik@kontakta.example"]
[alerts]
[sources.kv]
kind = "extract"
folder = "extracts"
columns = { source_id = "Diarienummer", received_on = "Inkom", channel = "Kanal" }
channels = { "Telefon" = "phone" }
[sources.tips]
kind = "tips"
maildir = "inbox"
[sources.board]
kind = "dm_namnden"
sites = ["https://namnden.example/"]
[[rule]]
id = "total"
type = "limit"
sources = ["kv"]
window = { rolling_days = 365 }
levels = [10, 25]
to = ["ethics"]
"""


def load(tmp_path: Path, text: str = GOOD, **environ: str) -> Settings:
    path = tmp_path / "koll.toml"
    path.write_text(text, "utf-8")
    return load_settings(path, environ)


def faults(tmp_path: Path, *changes: tuple[str, str], **environ: str) -> list[str]:
    """The faults of the good file with texts changed, each of which must be in it."""
    text = GOOD
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    with pytest.raises(SettingsInvalid) as caught:
        load(tmp_path, text, **environ)
    assert str(tmp_path / "koll.toml") in str(caught.value)
    assert all(fault in str(caught.value) for fault in caught.value.faults)
    return caught.value.faults


def test_a_good_file_is_read_with_its_paths_made_absolute(tmp_path: Path) -> None:
    settings = load(tmp_path)
    kv = settings.sources["kv"]
    assert isinstance(kv, ExtractSettings)
    assert kv.folder == tmp_path / "extracts" and kv.channels == {"Telefon": Channel.PHONE}
    assert settings.database.url == f"sqlite:///{tmp_path / 'koll.db'}"
    assert settings.members.path == tmp_path / "register" and settings.mail.maildir == tmp_path / "mail"
    assert settings.sources["board"].sites == ["https://namnden.example"]
    assert [rule.id for rule in settings.rules] == ["total"]


def test_a_source_that_is_switched_off_is_not_read(tmp_path: Path) -> None:
    settings = load(tmp_path, GOOD.replace('maildir = "inbox"', 'maildir = "inbox"\nenabled = false'))
    assert list(settings.enabled_sources()) == ["kv", "board"]


KV, TIPS, BOARD = 'kind = "extract"', 'maildir = "inbox"', '"https://namnden.example/"'
SENDER = 'from = "koll@kontakta.example"'


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name = "Kontakta"', "", ["association.name", "missing"]),
        ('name = "Kontakta"', 'name = ""', ["association.name = ''", "plain text"]),
        ('name = "Kontakta"', 'name = "a\\nBcc: x"', ["association.name", "one line"]),
        ('name = "Kontakta"', "name = 7", ["association.name = 7", "quotation marks"]),
        ('name = "Kontakta"', 'name = "K"\nlanguage = "da"', ["association.language = 'da'", "'sv' or 'en'"]),
        ('name = "Kontakta"', 'name = "K"\ntimezone = "Mars"', ["association.timezone = 'Mars'", "Europe/Stockholm"]),
        ('name = "Kontakta"', 'name = "K"\nlangage = "sv"', ["association.langage: unknown", "mean language?"]),
        ('name = "Kontakta"', 'name = "K"\nzzz = 1', ["association.zzz: unknown", "known are name, language"]),
        ("[archive]", "[arkive]", ["arkive: unknown key", "did you mean archive?"]),
        ("[register]\n" + 'path = "register"\n', "", ["[register] is missing", "path"]),
        ('path = "register"', "path = 3", ["register.path = 3", "path in quotation marks"]),
        ("sqlite:///koll.db", "mysql://h/db", ["database.url = 'mysql://h/db'", "sqlite:///FILE"]),
        ("sqlite:///koll.db", "sqlite:///", ["database.url", "sqlite:///FILE"]),
        ("sqlite:///koll.db", "postgresql://h:port/db", ["database.url", "postgresql+psycopg://"]),
        (SENDER, "", ["mail.from", "missing"]),
        (SENDER, 'from = "koll"', ["mail.from = 'koll'", "name@example.org"]),
        (SENDER, "from = 7", ["mail.from = 7", "name@example.org"]),
        (SENDER, SENDER + '\nsmtp = "http://h"', ["mail.smtp = 'http://h'", "smtp://HOST:PORT"]),
        (SENDER, SENDER + '\nsmtp = "smtp://[::1"', ["mail.smtp", "smtp://HOST:PORT"]),
        (SENDER, SENDER + '\nsmtp = "smtp://h:port"', ["mail.smtp", "smtp://HOST:PORT"]),
        (SENDER, SENDER + '\nsmtp = "smtp://koll@mail.example"', ["mail.smtp", "smtp+starttls://"]),
        (SENDER, SENDER + '\nbounce = "x@annan.example"', ["mail", "one domain"]),
        ('["etik@kontakta.example"]', '["etik"]', ["mail.groups.ethics.0 = 'etik'", "name@example.org"]),
        ("[alerts]", "[alerts]\nsingle_mails_per_run = 0", ["alerts.single_mails_per_run = 0", "greater than"]),
        ("[alerts]", "[alerts]\nreminder_days = [7, 7]", ["alerts.reminder_days", "rise"]),
        (KV, 'kind = "extrakt"', ["sources.kv.kind = 'extrakt'", "extract, dm_namnden, tips"]),
        (KV, "", ["sources.kv.kind is missing", "extract, dm_namnden, tips"]),
        (KV, 'kind = ["extract"]', ["sources.kv.kind", "one of extract"]),
        ("[sources.kv]", '[sources."k v"]', ["sources.k v", "letters, digits and underscores"]),
        ('folder = "extracts"', "", ["sources.kv.folder", "missing"]),
        ('source_id = "Diarienummer", ', "", ["sources.kv.columns", "source_id = the header of that column"]),
        ("source_id =", "sourceid =", ["sources.kv.columns", "did you mean source_id?"]),
        ('"Diarienummer"', '" "', ["sources.kv.columns", "source_id: the header"]),
        ('"phone"', '"telefon"', ["sources.kv.channels.Telefon = 'telefon'", "'phone'"]),
        ('"Telefon" = "phone"', '"Tel" = "phone", "TEL " = "sms"', ["sources.kv.channels", "'tel'", "two codes"]),
        (KV, KV + '\nencoding = "utf9"', ["sources.kv.encoding = 'utf9'", "cp1252"]),
        (KV, KV + "\nrows = [9, 3]", ["sources.kv.rows", "rows = [min, max]"]),
        (KV, KV + "\nrows = [0, 0]", ["sources.kv.rows", "rows = [min, max]"]),
        (KV, KV + "\nrows = 9", ["sources.kv.rows = 9", "a list is needed"]),
        (KV, KV + '\nrows = ["a", 3]', ["sources.kv.rows.0 = 'a'", "whole number"]),
        (KV, KV + "\nquiet_days = -1", ["sources.kv.quiet_days = -1"]),
        (KV, KV + "\ndelay = nan", ["sources.kv.delay = nan"]),
        (KV, KV + '\nenabled = "maybe"', ["sources.kv.enabled = 'maybe'", "true or false"]),
        (KV, KV + '\ncovers = "2026-08-25/2026-01-01"', ["sources.kv.covers", "the earlier first"]),
        (KV, KV + '\ncovers = "2026-01-01"', ["sources.kv.covers = '2026-01-01'", "(?P<from>...)"]),
        (KV, KV + "\ncovers = '(?P<from>.*)_(?P<til>.*)'", ["sources.kv.covers", "(?P<to>...)"]),
        (KV, KV + "\ncovers = '(?P<from>[)'", ["sources.kv.covers", "pattern"]),
        (TIPS, "", ["sources.tips", "exactly one of imap"]),
        (TIPS, TIPS + '\nimap = "imaps://h"', ["sources.tips", "exactly one of imap"]),
        (TIPS, 'imap = "pop3://h"', ["sources.tips", "imap = 'pop3://h'", "imaps://USER@HOST/INBOX"]),
        (BOARD, "", ["sources.board.sites", "at least 1"]),
        (BOARD, '"namnden.example"', ["sources.board.sites", "'namnden.example'", "https://"]),
        (BOARD, '"https://[namnden.example"', ["sources.board.sites", "https://"]),
        ('type = "limit"', 'type = "limt"', ["rule total", "type = 'limt'", "limit"]),
        ("levels = [10, 25]", "levels = [25, 10]", ["rule total.levels", "rise"]),
        ("levels = [10, 25]", "levles = [10, 25]", ["rule total.levles: unknown", "did you mean levels?"]),
        ("rolling_days", "roling_days", ["rule total.window.roling_days", "did you mean rolling_days?"]),
        ('sources = ["kv"]', 'sources = ["kw"]', ["rule total.sources = 'kw'", "known are board, kv, tips"]),
        ('to = ["ethics"]', 'to = ["board"]', ["rule total.to = 'board'", "known are ethics"]),
        ('["etik@kontakta.example"]', "[]", ["rule total.to = 'ethics'", "no address"]),
        ("[[rule]]", "[rule]", ["rule", "[[rule]]"]),
    ],
)
def test_each_fault_names_its_key_its_value_and_what_is_right(tmp_path, old, new, said) -> None:
    told = faults(tmp_path, (old, new))
    assert any(all(part in fault for part in said) for fault in told), told


@pytest.mark.parametrize(
    "text",
    [
        "database = 3\nmail = []\nsources = 7\nrule = 1\narchive = 'x'\nalerts = 1\nassociation = 1\nregister = 2",
        "rule = [1, 'x', [2]]\nsources = [1]\n",
        "[mail]\ngroups = 3\n[sources]\nkv = 1\ntips = ['x']\n",
        "[[rule]]\nid = [1]\ntype = ['x']\n[[rule]]\nid = { a = 1 }\ntype = 'limit'\nto = 3\nsources = 4\n",
        "[[sources]]\nkind = 'tips'\n[[mail]]\n",
        "",
    ],
)
def test_tables_of_the_wrong_shape_are_faults_and_never_a_crash(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        load(tmp_path, text)
    assert caught.value.faults


def test_all_faults_are_told_at_once_and_one_fault_does_not_pull_others_along(tmp_path: Path) -> None:
    told = faults(
        tmp_path,
        ('name = "Kontakta"', ""),
        ("sqlite:///koll.db", "oracle://h"),
        (SENDER, 'from = "nobody"'),
        ('folder = "extracts"', ""),
        (TIPS, 'maildirs = "inbox"'),
        ("levels = [10, 25]", "levels = []"),
        ('to = ["ethics"]', 'to = ["ethics", "bord"]'),
        ("[alerts]", "[allerts]"),
    )
    starts = ["allerts:", "association.name", "database.url", "mail.from", "sources.kv.folder", "sources.tips"]
    for start in [*starts, "rule total.levels", "rule total.to = 'bord'"]:
        assert any(fault.startswith(start) for fault in told), start
    # The groups stand in a [mail] that is faulty elsewhere, and the rule's source in one that is: they are there.
    assert not any("'ethics'" in fault or "'kv'" in fault for fault in told)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[mail\n", "line 1"),
        (b"[association]\nname = 'a'\nname = 'b'\n", "line 3"),
        ('[association]\nname = "Föreningen"'.encode("cp1252"), "UTF-8"),
        (b"\x00\x01", "TOML"),
    ],
)
def test_a_file_that_is_no_toml_is_told_with_its_line(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "koll.toml"
    path.write_bytes(content)
    with pytest.raises(SettingsInvalid, match=said):
        load_settings(path, {})


def test_a_missing_file_names_the_command_that_writes_one_and_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="koll init"):
        load_settings(tmp_path / "koll.toml", {})
    with pytest.raises(SettingsInvalid, match="cannot be read"):
        load_settings(tmp_path, {})


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    (tmp_path / "koll.toml").write_text(GOOD, "utf-8-sig")
    assert load_settings(tmp_path / "koll.toml", {}).association.name == "Kontakta"


def test_the_environment_overrides_the_file_also_deep_in_it(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        KOLL_DATABASE_URL="postgresql://koll@db.example/koll",
        KOLL_ASSOCIATION_NAME="2026",
        KOLL_ALERTS_LATE_HORIZON_DAYS="30",
        KOLL_SOURCES__TIPS__MAILDIR="/other/inbox",
        KOLL_SOURCES__KV__ROWS="[5, 50]",
        KOLL_SOURCES__KV__ENABLED="false",
        KOLL_SOURCES__KV__DELAY="0.5",
        KOLL_MAIL__GROUPS__ETHICS='["ny@kontakta.example"]',
        PATH="/bin",
    )
    assert settings.database.url == "postgresql+psycopg://koll@db.example/koll"
    assert settings.association.name == "2026" and settings.alerts.late_horizon_days == 30
    tips, kv = settings.sources["tips"], settings.sources["kv"]
    assert isinstance(tips, TipsSettings) and tips.maildir == Path("/other/inbox")
    assert (kv.rows, kv.enabled, kv.delay) == ((5, 50), False, 0.5)
    assert settings.mail.groups == {"ethics": ["ny@kontakta.example"]}


def test_a_source_named_in_capitals_can_be_overridden(tmp_path: Path) -> None:
    text = GOOD.replace("[sources.tips]", "[sources.Tips]")
    assert load(tmp_path, text, KOLL_SOURCES__TIPS__QUIET_DAYS="3").sources["Tips"].quiet_days == 3


def test_a_section_can_come_from_the_environment_alone(tmp_path: Path) -> None:
    text = GOOD.replace('[database]\nurl = "sqlite:///koll.db"\n', "")
    assert load(tmp_path, text, KOLL_DATABASE_URL="sqlite:////srv/koll.db").database.url == "sqlite:////srv/koll.db"


def test_a_variable_that_sets_nothing_is_a_fault_and_one_that_sets_nonsense_is_named(tmp_path: Path) -> None:
    told = faults(
        tmp_path,
        KOLL_DATABSE_URL="sqlite:///x",
        KOLL_SOURCES="x",
        KOLL_DATABASE__URL__DEEPER="x",
        KOLL_SOURCES__KV__QUIET_DAYS="many",
        KOLL_MAIL_FORM="x",
    )
    for said in (
        ["KOLL_DATABSE_URL", "KOLL_DATABASE_URL"],
        ["KOLL_SOURCES:", "KOLL_SECTION_KEY"],
        ["KOLL_DATABASE__URL__DEEPER", "database.url", "no table"],
        ["sources.kv.quiet_days = 'many'", "whole number", "KOLL_SOURCES__KV__QUIET_DAYS"],
        ["mail.form", "did you mean from?", "KOLL_MAIL_FORM"],
    ):
        assert any(all(part in fault for part in said) for fault in told), said
    assert len(told) == 5


@pytest.mark.parametrize("name", ["HASH_KEY", "SMTP_PASSWORD", "IMAP_PASSWORD", "DATABASE_PASSWORD", "CONFIG", "LOG"])
@pytest.mark.parametrize("end", ["", "_FILE"])
def test_secrets_in_the_environment_or_in_a_file_are_no_settings(tmp_path: Path, name: str, end: str) -> None:
    if name in ("CONFIG", "LOG"):
        end = ""
    assert load(tmp_path, **{f"KOLL_{name}{end}": "/run/secrets/x"}).association.name == "Kontakta"


@pytest.mark.parametrize("secret", ["hunter2", "p@ss/w:rd", "o'brien", 'two"words', "100%", "sp ace"])
@pytest.mark.parametrize(
    ("old", "new", "variable"),
    [
        ("sqlite:///koll.db", "postgresql://koll:{}@db.example/koll", "KOLL_DATABASE_PASSWORD"),
        (SENDER, SENDER + "\nsmtp = '''smtps://koll:{}@mail.example'''", "KOLL_SMTP_PASSWORD"),
        (SENDER, SENDER + "\nsmtp = '''http://koll:{}@mail.example'''", "KOLL_SMTP_PASSWORD"),
        (TIPS, "imap = '''imaps://koll:{}@mail.example/INBOX'''", "KOLL_IMAP_PASSWORD"),
        (BOARD, "'''https://koll:{}@namnden.example'''", "a KOLL_ variable"),
        (BOARD, "'''ftp://koll:{}@namnden.example''', 7", "a KOLL_ variable"),
        (KV, KV + "\ntitle = '''x https://koll:{}@namnden.example'''", "a KOLL_ variable"),
    ],
)
def test_a_password_in_the_file_is_refused_naming_its_variable_and_is_never_shown(
    tmp_path, old, new, variable, secret
) -> None:
    if old == "sqlite:///koll.db":
        old, new = f'url = "{old}"', f"url = '''{new}'''"
    told = faults(tmp_path, (old, new.format(secret)))
    assert any(variable in fault and "_FILE" in fault for fault in told), told
    assert secret not in "\n".join(told) and "koll:" not in "\n".join(told)


@pytest.mark.parametrize("key", ["smtp_password", "password", "hash_key", "token"])
@pytest.mark.parametrize("where", [SENDER, TIPS])
def test_a_secret_as_a_key_of_its_own_is_refused_without_its_value(tmp_path: Path, key: str, where: str) -> None:
    told = faults(tmp_path, (where, f'{where}\n{key} = "hunter2"'))
    assert any("a secret never stands in the file" in fault and key in fault for fault in told)
    assert "hunter2" not in "\n".join(told)


def test_a_secret_at_the_top_of_the_file_is_refused_without_its_value(tmp_path: Path) -> None:
    told = faults(tmp_path, ("\n[association]", '\nimap_password = "hunter2"\n[association]'))
    assert "imap_password" in told[0] and "hunter2" not in "\n".join(told)


def test_the_database_address_may_bring_its_password_from_the_environment_and_hides_it_in_faults(tmp_path) -> None:
    url = "postgresql://koll:hunter2@db.example/koll"
    assert "hunter2" in load(tmp_path, KOLL_DATABASE_URL=url).database.url
    told = faults(tmp_path, KOLL_DATABASE_URL=url.replace("postgresql", "oracle"))
    assert "KOLL_DATABASE_URL" in told[0] and "hunter2" not in told[0]
    told = faults(tmp_path, KOLL_MAIL_SMTP="smtps://koll:hunter2@mail.example")
    assert "KOLL_SMTP_PASSWORD" in told[0] and "hunter2" not in told[0]


@pytest.mark.parametrize(
    "covers",
    ['"2026-01-01/2026-08-25"', '["2026-01-01", "2026-08-25"]', "[2026-01-01, 2026-08-25]", '"20260101 / 2026-08-25"'],
)
def test_a_fixed_period_is_read_in_every_way_it_is_written(tmp_path: Path, covers: str) -> None:
    settings = load(tmp_path, GOOD.replace(KV, f"{KV}\ncovers = {covers}"))
    assert settings.sources["kv"].covers == ("2026-01-01", "2026-08-25")


def test_a_pattern_for_the_period_is_kept_as_it_is(tmp_path: Path) -> None:
    pattern = r"(?P<from>\d{8})-(?P<to>\d{8})"
    assert load(tmp_path, GOOD.replace(KV, f"{KV}\ncovers = '{pattern}'")).sources["kv"].covers == pattern


def test_a_home_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/koll")
    assert load(tmp_path, GOOD.replace('"register"', '"~/register"')).members.path == Path("/home/koll/register")
