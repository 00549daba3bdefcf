"""Sealing what people wrote: archived mail and extracts lie encrypted; what was erased is remembered by a keyed mark.

A sealed file is ``KOLL-SEALED-1`` and a line end, then pieces: four bytes that hold a length (big-endian), and so many
bytes of a Fernet token (``cryptography``'s recipe: AES-128-CBC with HMAC-SHA256) without its base64. Each piece is
taken from the packed stream in order, so that a file of any size goes in and out in constant memory. A piece cannot
be changed unseen; pieces left out or put in another order are seen by the hash of the whole, as for every object.

An object keeps the plain sha256 of its bytes as its name. Only who already has a mail to the letter, with the lines
that our own server wrote on top, could tell from the name that it is here: that is the association itself.
"""

import hashlib
import hmac
import io
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import BinaryIO

MAGIC = b"KOLL-SEALED-1\n"
_PIECE = 1 << 20
_LENGTH = 4  # bytes


class KeyUnusable(ValueError):
    """A key is none; the text says what is right."""


class SealBroken(ValueError):
    """Sealed with a key that we do not have, or damaged: the two cannot be told apart."""


def make_key() -> str:
    """Return a new key, as it is written in an environment variable or a file."""
    from cryptography.fernet import Fernet

    return Fernet.generate_key().decode()


class Vault:
    """Seals with the first of ``keys`` and opens with any of them; ``mark_key`` keys the marks of what was erased."""

    def __init__(self, keys: Sequence[str], mark_key: bytes) -> None:
        from cryptography.fernet import Fernet, InvalidToken, MultiFernet  # where nothing is sealed it is not needed

        self._invalid = InvalidToken
        try:
            self._all = [Fernet(key) for key in keys]
        except ValueError as error:
            raise KeyUnusable(
                "an archive key is 44 characters, as `koll archive new-key` writes them; several are set apart by "
                "commas, the newest first"
            ) from error
        if not self._all:
            raise KeyUnusable("no archive key is given; make one with `koll archive new-key`")
        self._fernet = MultiFernet(self._all)
        self._mark_key = mark_key

    def seal(self, piece: bytes) -> bytes:
        """Return one piece, sealed with the newest key, as it stands in a file."""
        token = urlsafe_b64decode(self._fernet.encrypt(piece))
        return len(token).to_bytes(_LENGTH, "big") + token

    def unseal(self, token: bytes) -> bytes:
        """Return what was sealed. Raises SealBroken."""
        try:
            return self._fernet.decrypt(urlsafe_b64encode(token))
        except self._invalid as error:
            raise SealBroken from error

    def is_newest(self, token: bytes) -> bool:
        """Tell whether a token was sealed with the newest key."""
        try:
            self._all[0].decrypt(urlsafe_b64encode(token))
        except self._invalid:
            return False
        return True

    def mark(self, sha256: str) -> str:
        """Return the name under which an object is remembered as gone: it tells nothing without the key."""
        return hmac.new(self._mark_key, sha256.encode(), hashlib.sha256).hexdigest()


class SealingWriter(io.RawIOBase):
    """Seals what is written to it into ``file``; close it for the last piece. ``file`` stays open."""

    def __init__(self, file: BinaryIO, vault: Vault) -> None:
        self._file = file
        self._vault = vault
        self._rest = bytearray()
        file.write(MAGIC)

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, data: bytes | bytearray | memoryview) -> int:  # type: ignore[override]
        """Take any number of bytes."""
        self._rest += data
        while len(self._rest) >= _PIECE:
            self._file.write(self._vault.seal(bytes(self._rest[:_PIECE])))
            del self._rest[:_PIECE]
        return len(data)

    def close(self) -> None:
        """Seal what is left."""
        if not self.closed and self._rest:
            self._file.write(self._vault.seal(bytes(self._rest)))
            self._rest.clear()
        super().close()


class SealedReader(io.RawIOBase):
    """Opens a sealed file whose magic has been read already, piece by piece. Raises SealBroken while reading."""

    def __init__(self, file: BinaryIO, vault: Vault) -> None:
        self._file = file
        self._vault = vault
        self._piece = memoryview(b"")

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: "memoryview[int]") -> int:  # type: ignore[override]
        """Fill the buffer; 0 at the end."""
        if not self._piece:
            self._piece = memoryview(read_piece(self._file, self._vault))
        count = min(len(buffer), len(self._piece))
        buffer[:count] = self._piece[:count]
        self._piece = self._piece[count:]
        return count

    def close(self) -> None:
        """Close the file below too."""
        if not self.closed:
            self._file.close()
        super().close()


def read_token(file: BinaryIO) -> bytes:
    """Return the next token of a sealed file, empty at its end. Raises EOFError when it was cut."""
    head = file.read(_LENGTH)
    if not head:
        return b""
    length = int.from_bytes(head, "big")
    token = file.read(length) if length <= 2 * _PIECE else b""
    if len(head) < _LENGTH or len(token) < length:
        raise EOFError("a sealed piece was cut")
    return token


def read_piece(file: BinaryIO, vault: Vault) -> bytes:
    """Return the next piece of a sealed file, opened; empty at its end. Raises EOFError and SealBroken."""
    token = read_token(file)
    return vault.unseal(token) if token else b""
