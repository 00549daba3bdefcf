"""Measures the matcher on generated registers and mentions, beside rapidfuzz and tf-idf of three-letter runs.

    python -m bench.matching --seeds 5 6 --sizes 300 10000 100000

Seeds 1 to 4 are for development, 5 and up for reporting. Everything the generator makes is fictional.
"""

import argparse
import math
import resource
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
from rapidfuzz import fuzz, process, utils

from bench.generators import FOLDER, load_generator
from bench.vocabularies import VOCABULARIES, exchange_forms, put_in
from models.matching.companies import Companies, CompanyRow
from models.matching.forms import fold
from models.matching.matcher import Matcher
from models.matching.mention import KnownMember, KnownName, Mention
from models.words import Band, NameKind

MENTIONS = 6000
HARD = ("neg_sibling_sector", "neg_added_sector", "neg_sibling_place", "neg_swapped_word", "neg_generic", "neg_person")
Row = dict[str, object]
Prediction = dict[str, tuple[str, float, str]]


def known_members(register: list[Row]) -> tuple[list[KnownMember], dict[str, str]]:
    """Return the generated register as members, and the generator's id for each."""
    members, ids = [], {}
    for row in register:
        number = str(row["orgnr"]).replace("-", "")
        names = [
            KnownName(kind, str(value))
            for kind, field in ((NameKind.BRAND, "aliases"), (NameKind.DOMAIN, "domains"), (NameKind.PHONE, "phones"))
            for value in row[field]  # type: ignore[attr-defined]
        ]
        members.append(KnownMember(number, number, str(row["legal_name"]), tuple(names)))
        ids[number] = str(row["id"])
    return members, ids


def measure_matcher(
    world: tuple[list[Row], list[Row], list[str]], with_others: bool
) -> tuple[Prediction, float, float]:
    """Return predictions, distinct mentions per CPU second, and CPU seconds to build."""
    register, mentions, others = world
    members, ids = known_members(register)
    companies = Companies(CompanyRow("", (name,)) for name in others) if with_others else None
    start = time.process_time()
    matcher = Matcher(members, companies)
    built = time.process_time() - start
    texts = list(dict.fromkeys(str(row["text"]) for row in mentions))
    start = time.process_time()
    answers = {text: matcher.match(Mention(text)) for text in texts}
    spent = time.process_time() - start
    found = {text: (ids.get(a.member or "", ""), a.score, str(a.band)) for text, a in answers.items()}
    return {str(row["mid"]): found[str(row["text"])] for row in mentions}, len(texts) / spent, built


def measure_peer(
    world: tuple[list[Row], list[Row], list[str]],
    make: Callable[[list[str]], Callable[[str], tuple[int, float]]],
    most: int,
) -> tuple[Prediction, float]:
    """Return a peer's predictions for at most ``most`` mentions, and its speed."""
    register, mentions, _ = world
    names, owners = [], []
    for row in register:
        for name in (row["legal_name"], *row["aliases"]):  # type: ignore[misc]
            names.append(str(name))
            owners.append(str(row["id"]))
    find = make(names)
    start, found = time.process_time(), {}
    for row in mentions[:most]:
        at, score = find(str(row["text"]))
        found[str(row["mid"])] = (owners[at] if at >= 0 else "", score, "")
    return found, len(found) / max(time.process_time() - start, 1e-9)


def make_wratio(names: list[str]) -> Callable[[str], tuple[int, float]]:
    """rapidfuzz WRatio over all names."""
    choices = [utils.default_process(name) for name in names]

    def find(text: str) -> tuple[int, float]:
        best = process.extractOne(utils.default_process(text), choices, scorer=fuzz.WRatio)
        return (best[2], best[1] / 100) if best else (-1, 0.0)

    return find


def make_tfidf(names: list[str]) -> Callable[[str], tuple[int, float]]:
    """Cosine of tf-idf weighted three-letter runs over all names."""

    def runs(text: str) -> Counter[str]:
        padded = f" {' '.join(fold(text).split())} "
        return Counter(padded[i : i + 3] for i in range(len(padded) - 2))

    postings: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for at, name in enumerate(names):
        for run, count in runs(name).items():
            postings[run].append((at, count))
    idf = {run: math.log((1 + len(names)) / (1 + len(at))) + 1 for run, at in postings.items()}
    lengths = np.zeros(len(names))
    arrays = {}
    for run, at in postings.items():
        places = np.array([place for place, _ in at], dtype=np.int32)
        weights = np.array([count for _, count in at]) * idf[run]
        np.add.at(lengths, places, weights**2)
        arrays[run] = places, weights
    lengths = np.sqrt(np.maximum(lengths, 1e-9))

    def find(text: str) -> tuple[int, float]:
        total, norm = np.zeros(len(names)), 0.0
        for run, count in runs(text).items():
            if run in arrays:
                places, weights = arrays[run]
                total[places] += weights * count * idf[run]
            norm += (count * idf.get(run, math.log(1 + len(names)) + 1)) ** 2
        total /= lengths
        at = int(np.argmax(total))
        return at, float(total[at]) / math.sqrt(norm or 1)

    return find


def report(
    bench: ModuleType, label: str, mentions: list[Row], found: Prediction, speed: float, extra: str = ""
) -> None:
    """Print one line of figures, and where the band is known what it let through."""
    asked = [row for row in mentions if row["mid"] in found]
    swept = bench.sweep(asked, found)
    f1, recall = swept["bestF1"][0], swept["RatP"][0]
    line = f"{label:34} F1 {f1:.4f}  R@P995 {recall:.4f}"
    if any(band for _, _, band in found.values()):
        accepted = {mid: (p if p[2] == Band.ACCEPT else ("", 0.0, "")) for mid, p in found.items()}
        at = bench.at_threshold(asked, accepted, 1e-9)
        review = sum(p[2] == Band.REVIEW for p in found.values()) / len(found)
        linked = Counter(str(row["cls"]) for row in asked if row["expect"] != "match" and accepted[str(row["mid"])][0])
        hard = {name: linked[name] for name in HARD}
        unsure = sum(n for name, n in linked.items() if name.startswith(("amb_", "brand_unlisted")))
        line += f"  accept P {at['P']:.4f} R {at['R']:.4f}  review {review:.1%}"
        line += f"  hard {sum(hard.values())}  undecidable {unsure}"
        extra += f"  linked by class {dict(linked)}" if linked else ""
    print(f"{line}  {speed:,.0f}/CPU-s{extra}", flush=True)


def main() -> None:
    """Measure every size and seed asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[5, 6])
    parser.add_argument("--sizes", type=int, nargs="+", default=[300, 10_000])
    parser.add_argument("--mentions", type=int, default=MENTIONS)
    parser.add_argument("--generator", type=Path, default=FOLDER / "match_bench.py")
    parser.add_argument("--no-peers", action="store_true", help="leave rapidfuzz and tf-idf out")
    parser.add_argument("--vocabulary", choices=sorted(VOCABULARIES), help="words the matcher was not tuned on")
    given = parser.parse_args()
    bench = load_generator(given.generator)
    if given.vocabulary:
        put_in(bench, given.vocabulary)
    for size in given.sizes:
        for seed in given.seeds:
            world = bench.generate(size, given.mentions, seed)
            if given.vocabulary:
                world = exchange_forms(world, given.vocabulary)
            _, mentions, others = world
            for number, row in enumerate(mentions):
                row.setdefault("mid", f"T{number:06d}")
            print(f"\n{size} members, seed {seed}: {len(mentions)} mentions, {len(others)} other companies known")
            for label, with_others in (("matcher", False), ("matcher with the companies' names", True)):
                found, speed, built = measure_matcher(world, with_others)
                memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
                report(
                    bench, label, mentions, found, speed, f"  built in {built:.1f} CPU-s, {memory} MB at most so far"
                )
            if not given.no_peers:
                most = max(60, min(len(mentions), 3_000_000 // size))
                for label, make in (("rapidfuzz WRatio", make_wratio), ("tf-idf of 3-grams", make_tfidf)):
                    found, speed = measure_peer(world, make, most)
                    report(bench, label, mentions, found, speed, f"  ({len(found)} mentions)")


if __name__ == "__main__":
    main()
