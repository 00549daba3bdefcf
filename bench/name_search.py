"""Members' names in free text: characters a second with 300 and with 100,000 members, beside a bare automaton.

The text is the 160 invented tips over and over, with a name of the register set into every tenth. ``spotting`` is the
pass that finds where names stand; ``find`` is all of it: numbers, domains, names, slips, and what sentences say. The
bare automaton runs over the folded text and keeps nothing: what the library itself can do.
"""

import random
import resource
import time

import ahocorasick
from stdnum import luhn

from bench.tip_set import HALVES, load_members, load_tips
from models.matching.forms import fold
from models.matching.matcher import Matcher
from models.matching.mention import KnownMember
from models.matching.prose.spotting import Spotter
from models.matching.register import Register
from models.matching.text import tokens_of

SIZES = (300, 100_000)
_HEADS = (
    "bor dal el fin gal har in jo kal lum mar nor os pra ri sol tar ul vin ym zen ål ä ö bre cla dro fy gri".split()
)
_TAILS = "vanta lind mira tek sol gard fors dia nova rell stad vik borg helm lunda tora risk salm vera".split()
_TRADES = "Energi;Telefoni;Marknad;Försäljning;Bredband;Elhandel;Kundservice;Larm;Förlag;Media;Mobil;Hälsa".split(";")


def make_members(count: int) -> list[KnownMember]:
    """Return so many invented companies."""
    draw = random.Random(7)
    members = []
    for number in range(count):
        digits = f"55{number:07}"
        organisation = digits + luhn.calc_check_digit(digits)
        word = draw.choice(_HEADS) + draw.choice(_TAILS) + draw.choice(["", *_TAILS])
        name = f"{word.capitalize()} {draw.choice(_TRADES)} {draw.choice(['', 'i Umeå', 'Sverige', 'Nord'])} AB"
        members.append(KnownMember(organisation, organisation, " ".join(name.split())))
    return members


def make_texts(members: list[KnownMember], count: int) -> list[str]:
    """Return texts as tips are, a tenth of them about one of the members."""
    known = load_members(b"key")
    tips = [f"{tip.subject}\n{tip.text}" for half in HALVES for tip in load_tips(half, known)]
    draw = random.Random(8)
    texts = []
    for number in range(count):
        text = tips[number % len(tips)]
        texts.append(f"{text} {draw.choice(members).legal_name} ringde mig." if number % 10 == 0 else text)
    return texts


def main() -> None:
    rates: dict[int, float] = {}
    for size in SIZES:
        members = make_members(size)
        texts = make_texts(members, 800)
        letters = sum(map(len, texts))
        started = time.perf_counter()
        register = Register(members)
        built = time.perf_counter()
        spotter = Spotter(register)
        print(
            f"{size:,} members: register {built - started:.1f} s, automaton {time.perf_counter() - built:.1f} s", end=""
        )
        print(f", peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
        bare = ahocorasick.Automaton(ahocorasick.STORE_LENGTH)
        for key in register.by_core:
            bare.add_word(key)
        bare.make_automaton()
        matcher = Matcher(members)
        matcher.find_in_text(texts[0])
        for name, do in (
            ("bare automaton", lambda text, bare=bare: sum(1 for _ in bare.iter(fold(text)))),
            ("spotting", lambda text, spotter=spotter: spotter.find(text, tokens_of(text))),
            ("find", matcher.find_in_text),
        ):
            started = time.perf_counter()
            for text in texts:
                do(text)
            rate = letters / (time.perf_counter() - started)
            rates[size] = rate
            print(f"  {name:16} {rate:12,.0f} characters a second")
    print(f"find with 100,000 members runs at {rates[SIZES[1]] / rates[SIZES[0]]:.2f} of its speed with 300")


if __name__ == "__main__":
    main()
