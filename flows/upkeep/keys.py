"""Exchanging the archive's key: everything sealed is sealed anew, and the old key can go."""

from flows.privacy.subject import MAIL
from flows.workplace import Workplace, read_archive_keys, read_secret
from models.configuration.source_settings import ExtractSettings
from sources.archive.archive import Archive
from sources.archive.durable import write_durably
from sources.archive.sealing import Vault, make_key


def rotate_keys(place: Workplace) -> tuple[int, bool]:
    """Seal with the newest key; return (objects sealed anew, whether the key file now holds a new key alone).

    A key kept beside the archive is exchanged for a new one: both stand in the file until the last object is sealed
    anew, so that a kill in between loses nothing. Where keys come from the environment the newest is the first of
    them, and taking the others away is left to whoever set them. The night's lock must be held. Raises ArchiveFault
    when an object cannot be opened; then the old keys stay.
    """
    own = read_secret("archive_key") is None
    keys = read_archive_keys(place)
    if own:
        keys = [make_key(), *keys]
        _write_keys(place, keys)
    kept = place.settings.archive
    archive = Archive(kept.path, lambda: Vault(keys, place.hash_key), kept.options)
    private = _list_private(place)
    number = sum(
        archive.reseal(sha256) for sha256 in archive.list_objects() if sha256 in private or archive.is_sealed(sha256)
    )
    if own:
        _write_keys(place, keys[:1])
    return number, own


def _list_private(place: Workplace) -> set[str]:
    """Return the objects that are sealed today and may lie open since an earlier version stored them."""
    found: set[str] = set()
    for source in place.archive.list_sources():
        extracts = isinstance(place.settings.sources.get(source), ExtractSettings)
        for reading in place.archive.readings(source):
            found.update(item.sha256 for item in reading.items if extracts or item.media_type == MAIL)
    return found


def _write_keys(place: Workplace, keys: list[str]) -> None:
    """On the disk before anything is sealed with the new one: a power cut must not leave objects without a key.

    What a killed rotation was writing goes: keys that are exchanged lie nowhere any more.
    """
    file = place.find_key_file("archive_key")
    write_durably(file, ("\n".join(keys) + "\n").encode("ascii"))
    for left_over in file.parent.glob(f"{file.name}.*"):
        left_over.unlink(missing_ok=True)
