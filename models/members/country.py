"""The country of an association: how its companies are numbered, and how a telephone number without + is read."""

from dataclasses import dataclass
from enum import StrEnum


class Scheme(StrEnum):
    """Which numbers tell the members of a register apart."""

    SE = "se_orgnr"
    NO = "no_orgnr"
    US = "us_ein"
    OWN = "none"  # no national number: the association's own member numbers


_SCHEMES = {"SE": Scheme.SE, "NO": Scheme.NO, "US": Scheme.US}


@dataclass(frozen=True)
class Country:
    """``region`` is the ISO 3166 code of two letters, ``scheme`` what its register is numbered by."""

    region: str = "SE"
    scheme: Scheme = Scheme.SE

    @property
    def is_abroad(self) -> bool:
        """Tell whether the forms of another country than Sweden are read, beside those that are the same everywhere."""
        return self.region != "SE"


SWEDEN = Country()


def find_country(region: str, scheme: Scheme | None = None) -> Country:
    """Return a country by its code, with its national scheme unless another is named.

    Raises ValueError for a code that no telephone numbers are known of.
    """
    if region not in _SCHEMES and not _has_telephones(region):
        raise ValueError("a country's code of two capital letters is needed, such as SE, NO or US")
    return Country(region, scheme or _SCHEMES.get(region, Scheme.OWN))


def _has_telephones(region: str) -> bool:
    import phonenumbers  # brings the numbering plans of the world, of which most commands ask nothing

    return region in phonenumbers.SUPPORTED_REGIONS
