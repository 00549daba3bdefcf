"""`koll init --wizard`: answers piped in, tried on real servers, and koll.toml written once and whole."""

import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from typer.testing import CliRunner, Result

from flows.koll import app
from flows.starting.edit import set_key
from flows.starting.phrases import PHRASES
from flows.starting.trying import Refused, try_folder, try_mail_server, try_mailbox, try_register
from models.configuration.settings import load_settings
from sources.registry import WEB_KINDS
from tests.test_inbox_imap import PASSWORD, USER, find_port, port

__all__ = ["port"]  # the IMAP server
ROOT = Path(__file__).parent.parent
GOOD = ["en", "Test Association", "register", "koll@example.org", "-", "a@example.org, b@example.org",
        "drift@example.org", "extracts", "no", "inbox", "page"]  # fmt: skip


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("KOLL_CONFIG", "KOLL_SMTP_PASSWORD", "KOLL_IMAP_PASSWORD", "PREFECT_API_URL"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "register").mkdir()
    (tmp_path / "register" / "members.csv").write_text("org_number,legal_name\n5590000013,Anemon AB\n", "utf-8")
    return tmp_path


def ask(home: Path, answers: list[str]) -> Result:
    words = ["init", "--wizard", "--config", str(home / "koll.toml")]
    return CliRunner().invoke(app, words, input="\n".join(answers) + "\n")


def test_the_answers_become_a_configuration_that_loads_and_a_database(home: Path) -> None:
    done = ask(home, GOOD)
    assert done.exit_code == 0, done.output
    assert "1 members, 0 names" in done.output
    settings = load_settings(home / "koll.toml", web_kinds=WEB_KINDS)
    assert (settings.association.name, settings.association.language) == ("Test Association", "en")
    assert settings.mail.groups["ethics"] == ["a@example.org", "b@example.org"] and settings.mail.smtp is None
    assert sorted(settings.enabled_sources()) == ["konsumentverket", "tips"]
    assert (home / "koll.db").exists() and (home / "extracts").is_dir() and (home / "inbox").is_dir()


def test_again_with_enter_everywhere_it_changes_nothing_and_keeps_what_a_person_wrote(home: Path) -> None:
    ask(home, GOOD)
    config = home / "koll.toml"
    config.write_text(config.read_text("utf-8") + "\n# my own remark\n[sources.mine]\nkind = 'varningslistan'\n"
                      "url = 'https://example.org/'\nenabled = false\n", "utf-8")  # fmt: skip
    before = config.read_text("utf-8")
    assert ask(home, [""] * len(GOOD)).exit_code == 0
    assert config.read_text("utf-8") == before


def test_a_source_once_turned_off_can_be_turned_on_again(home: Path) -> None:
    ask(home, GOOD)
    on = [*GOOD]
    on[8], on[9] = "yes", "-"
    assert ask(home, on).exit_code == 0
    settings = load_settings(home / "koll.toml", web_kinds=WEB_KINDS)
    assert sorted(settings.enabled_sources()) == ["dm_namnden", "konsumentverket"]


def test_a_refused_answer_is_explained_and_asked_again_and_may_be_kept_if_only_the_world_is_wrong(home: Path) -> None:
    register, sender = ["nowhere", "="], ["not an address", "=", "koll@example.org"]
    done = ask(home, [*GOOD[:2], *register, *sender, *GOOD[4:]])
    assert done.exit_code == 0, done.output
    assert "no such file" in done.output and "kept for now: nowhere" in done.output
    assert "name@example.org is needed" in done.output and "an answer is needed here" in done.output
    assert tomllib.loads((home / "koll.toml").read_text("utf-8"))["register"]["path"] == "nowhere"


def test_at_least_one_source_is_asked_for(home: Path) -> None:
    done = ask(home, [*GOOD[:7], "-", "no", "-", *GOOD[7:]])
    assert done.exit_code == 0 and "at least one source is needed" in done.output


def test_answers_that_end_too_early_leave_nothing_written(home: Path) -> None:
    for number in range(len(GOOD)):
        done = ask(home, GOOD[:number])
        assert done.exit_code == 1 and "The answers ended" not in done.output
        assert "nothing is written" in done.output.casefold() or "inget är skrivet" in done.output.casefold()
    assert sorted(path.name for path in home.iterdir()) == ["register"]


def test_ctrl_c_leaves_nothing_half_written(home: Path) -> None:
    script = (
        "import builtins; from flows.koll import app\n"
        "answers = iter(['sv', 'X', 'register'])\n"
        "def read(_):\n"
        "    for one in answers: return one\n"
        "    raise KeyboardInterrupt\n"
        "builtins.input = read\n"
        f"app(['init', '--wizard', '--config', {str(home / 'koll.toml')!r}])"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1 and "inget är skrivet" in done.stderr and "Traceback" not in done.stderr
    assert sorted(path.name for path in home.iterdir()) == ["register"]


def test_a_file_that_is_no_toml_is_told_and_left_alone(home: Path) -> None:
    (home / "koll.toml").write_text("[association\n", "utf-8")
    done = ask(home, GOOD)
    assert done.exit_code == 1 and "not TOML" in done.output
    assert (home / "koll.toml").read_text("utf-8") == "[association\n"


def test_no_password_is_ever_written(home: Path) -> None:
    mail = ["smtp+starttls://koll:hemligt@mail.example.org", "=", "-"]
    tips = ["imaps://tips:hemligt@mail.example.org/INBOX", "=", "inbox"]
    done = ask(home, [*GOOD[:4], *mail, *GOOD[5:9], *tips, GOOD[10]])
    assert done.exit_code == 0, done.output
    assert "KOLL_SMTP_PASSWORD" in done.output and "KOLL_IMAP_PASSWORD" in done.output
    assert all(b"hemligt" not in path.read_bytes() for path in home.rglob("*") if path.is_file())


class Server:
    """Takes one log-in and no mail: a trial that sent something would fail."""

    def __init__(self) -> None:
        self.mails = 0

    async def handle_DATA(self, *_: object) -> str:  # noqa: N802
        self.mails += 1
        return "250 OK"


@pytest.fixture
def server() -> Iterator[tuple[Server, int]]:
    kept, number = Server(), find_port()

    def log_in(_server: object, _session: object, _envelope: object, _mechanism: str, data: object) -> AuthResult:
        return AuthResult(success=getattr(data, "password", b"") == b"hemligt", handled=False)

    options = {"authenticator": log_in, "auth_required": True, "auth_require_tls": False}
    controller = Controller(kept, hostname="127.0.0.1", port=number, **options)
    controller.start()
    yield kept, number
    controller.stop()


def test_the_mail_server_is_greeted_and_logged_in_to_and_nothing_is_sent(server: tuple[Server, int]) -> None:
    kept, number = server
    url = f"smtp://koll@127.0.0.1:{number}"
    assert "lets koll in" in try_mail_server(url, lambda: "hemligt")
    for password, told in (("fel", "KOLL_SMTP_PASSWORD"), (None, "KOLL_SMTP_PASSWORD")):
        with pytest.raises(Refused, match=told):
            try_mail_server(url, lambda password=password: password)
    with pytest.raises(Refused, match="STARTTLS"):
        try_mail_server(url.replace("smtp://", "smtp+starttls://"), lambda: "hemligt")
    with pytest.raises(Refused, match="smtps:// is usually"):
        try_mail_server(url.replace("smtp://", "smtps://"), lambda: "hemligt")
    with pytest.raises(Refused, match="does not answer on port"):
        try_mail_server(f"smtp://127.0.0.1:{find_port()}", lambda: None)
    with pytest.raises(Refused, match="smtp://HOST:PORT"):
        try_mail_server("mail.example.org", lambda: None)
    assert kept.mails == 0


def test_the_mailbox_is_entered_and_its_folder_looked_into(port: int) -> None:
    url = f"imap://{USER}@127.0.0.1:{port}"
    assert "folder INBOX" in try_mailbox(url, lambda: PASSWORD)
    for address, password, told in (
        (url, "fel", "KOLL_IMAP_PASSWORD"),
        (url, None, "needs a password"),
        (f"{url}/Nowhere", PASSWORD, "no such folder"),
        (f"imap://{USER}@127.0.0.1:{find_port()}", PASSWORD, "no mailbox answers there"),
        ("imap://tips@mail.example.org", PASSWORD, "in the open"),
        ("mail.example.org", PASSWORD, "imaps://USER@HOST"),
    ):
        with pytest.raises(Refused, match=told):
            try_mailbox(address, lambda password=password: password)


def test_folders_and_registers_are_tried(tmp_path: Path) -> None:
    assert try_folder(tmp_path).endswith("can be written") and "will be made" in try_folder(tmp_path / "a" / "b")
    assert not (tmp_path / "a").exists(), "trying makes nothing"
    (tmp_path / "file").touch()
    with pytest.raises(Refused, match="is a file"):
        try_folder(tmp_path / "file" / "in")
    (tmp_path / "members.csv").write_text("org_number,legal_name\n123,X\n", "utf-8")
    with pytest.raises(Refused, match="line 2"):
        try_register(tmp_path)


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("[a]\nk = 1 # why\n[b]\nk = 2\n", "k", "x"),
        ("[a]\n# k = 1\n[b]\nk = 2\n", "k", "x"),
        ("[a]\nother = 1\n[b]\nk = 2\n", "k", ["x", "y"]),
        ('[a]\nk = [\n  "1", # one\n  "2",\n]\nm = 3\n[b]\nk = 2\n', "k", ["x"]),
        ('[a]\nk = "has # mark" # why\nm = 3\n[b]\nk = 2\n', "k", 'åäö "\\ #'),
        ("[b]\nk = 2\n", "k", False),
    ],
)
def test_one_key_is_set_and_every_other_stays(text: str, key: str, value: object) -> None:
    before, after = tomllib.loads(text), tomllib.loads(set_key(text, "a", key, value))  # type: ignore[arg-type]
    assert after == {**before, "a": {**before.get("a", {}), key: value}}
    assert after["b"]["k"] == 2


def test_no_phrase_asks_for_more_in_one_language_than_in_the_other() -> None:
    for name, (swedish, english) in PHRASES.items():
        assert sorted(swedish.split("{")[1:]) != [] or "{" not in english, name
        assert swedish.count("{") == english.count("{"), name
