"""How a mailbox is entered: by a password, or by an OAuth2 token that a command of the operator's prints."""

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sources.contract import SourceBroken

_TIMEOUT = 30.0  # seconds a token command may take
_LONGEST = 16_384  # characters of a token


@dataclass(frozen=True)
class Access:
    """What lets a reader in. With ``token_command`` the password is never asked for."""

    password: Callable[[], str | None] = lambda: None
    token_command: Sequence[str] = ()

    def get_password(self, where: str) -> str:
        """Return the password; raise SourceBroken with the cure when nothing provides one."""
        password = self.password()
        if not password:
            cure = (
                "set KOLL_IMAP_PASSWORD, KOLL_IMAP_PASSWORD_FILE, the Secret block koll-imap-password or token_command"
            )
            raise SourceBroken("imap-password", f"{where}: no password; {cure}")
        return password

    def get_token(self, where: str) -> str:
        """Run the command and return the access token it prints; raise SourceBroken with its exit code.

        Nothing of what it prints is told: it may be a secret. The command is run as it stands, by no shell.
        """
        program = self.token_command[0]
        try:
            done = subprocess.run(  # noqa: S603 - the operator's own command, from koll.toml
                list(self.token_command), capture_output=True, timeout=_TIMEOUT, check=False, stdin=subprocess.DEVNULL
            )
        except subprocess.TimeoutExpired as error:
            raise _token_fault(where, program, f"took more than {_TIMEOUT:.0f} s") from error
        except OSError as error:
            raise _token_fault(where, program, f"cannot be run ({error.strerror})") from error
        token = done.stdout.decode("utf-8", "replace").strip()
        if done.returncode != 0:
            raise _token_fault(where, program, f"ended with {done.returncode}")
        if not token or len(token) > _LONGEST or len(token.split()) != 1 or not token.isprintable():
            raise _token_fault(where, program, "printed no token, or more than one")
        return token


def _token_fault(where: str, program: str, why: str) -> SourceBroken:
    cure = "run it by hand as this user; it must print an access token and nothing else"
    return SourceBroken("imap-token", f"{where}: the token command {program} {why}; {cure}")
