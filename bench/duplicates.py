"""Measures how duplicates are found, beside Message-ID, a hash of the text, and MinHash of three-word shingles.

    python -m bench.duplicates --seeds 2

Seed 1 is for development, 2 and up for reporting. Everything the generator makes is fictional.
"""

import argparse
import hashlib
import time
from collections import defaultdict
from pathlib import Path

import numpy as np

from bench.generators import FOLDER, load_generator
from models.matching.duplicates import LinkKind, Report, find_links

Pairs = set[tuple[int, int]]
HASHES = 128


def grouped(keys: dict[int, str]) -> Pairs:
    """Return the pairs with an equal, non-empty key."""
    groups = defaultdict(list)
    for place, key in sorted(keys.items()):
        if key:
            groups[key].append(place)
    return {(a, b) for places in groups.values() for i, a in enumerate(places) for b in places[i + 1 :]}


def by_minhash(words: dict[int, list[str]], least: float, bands: int) -> Pairs:
    """Return pairs whose MinHash signatures share a band and agree in at least ``least`` of their places."""
    random = np.random.default_rng(7)
    factors = random.integers(1, 2**31, HASHES, dtype=np.uint64) | np.uint64(1)
    terms = random.integers(0, 2**31, HASHES, dtype=np.uint64)
    signatures, buckets = {}, defaultdict(list)
    for place, said in words.items():
        shingles = {" ".join(said[i : i + 3]) for i in range(max(1, len(said) - 2))}
        hashed = np.array(
            [int.from_bytes(hashlib.blake2b(s.encode(), digest_size=4).digest()) for s in shingles], dtype=np.uint64
        )
        signatures[place] = ((hashed[:, None] * factors + terms) % np.uint64(2**31 - 1)).min(axis=0)
        for band, part in enumerate(np.split(signatures[place], bands)):
            buckets[band, part.tobytes()].append(place)
    near = {
        (min(a, b), max(a, b)) for places in buckets.values() for i, a in enumerate(places) for b in places[i + 1 :]
    }
    return {(a, b) for a, b in near if np.mean(signatures[a] == signatures[b]) >= least}


def main() -> None:
    """Measure every seed asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[2])
    parser.add_argument("--complaints", type=int, default=1500)
    parser.add_argument("--generator", type=Path, default=FOLDER / "dedup_bench.py")
    given = parser.parse_args()
    bench = load_generator(given.generator)
    for seed in given.seeds:
        records = bench.gen(given.complaints, seed)
        print(f"\nseed {seed}: {len(records)} records, {len(bench.pairs_true(records))} true pairs")
        words = {row["pos"]: bench.words(row["text"]) for row in records}
        start = time.process_time()
        found = grouped({row["pos"]: row["msgid"] for row in records})
        bench.report("Message-ID", records, found, time.process_time() - start)
        start = time.process_time()
        found = grouped({row["pos"]: " ".join(bench.words(row["text"])) for row in records})
        bench.report("hash of the text", records, found, time.process_time() - start)
        for least, bands in ((0.5, 32), (0.85, 8)):
            start = time.process_time()
            found = by_minhash(words, least, bands)
            bench.report(f"MinHash of 3-word shingles >= {least}", records, found, time.process_time() - start)
        measure_ours(bench, records)


def measure_ours(bench: object, records: list[dict[str, object]]) -> None:
    """Print what our rules link for sure, and what they would ask a person about."""
    places = {str(row["rid"]): int(str(row["pos"])) for row in records}
    reports = [
        Report(
            id=str(row["rid"]),
            source=str(row["src"]),
            text=str(row["text"]),
            # in production the matcher has read the company; here the ten names are looked for
            company=next((name for name in bench.CO if name.casefold() in str(row["text"]).casefold()), ""),  # type: ignore[attr-defined]
            message_id=str(row["msgid"]),
            references=tuple(row["refs"]),  # type: ignore[arg-type]
        )
        for row in records
    ]
    start = time.process_time()
    links = find_links(reports)
    spent = time.process_time() - start
    pairs: dict[LinkKind, Pairs] = defaultdict(set)
    for link in links:
        a, b = places[link.one], places[link.two]
        pairs[link.kind].add((min(a, b), max(a, b)))
    sure = pairs[LinkKind.SAME_REPORT] | pairs[LinkKind.SAME_EVENT]
    bench.report("ours: linked", records, sure, spent)  # type: ignore[attr-defined]
    true = bench.pairs_true(records)  # type: ignore[attr-defined]
    asked = pairs[LinkKind.POSSIBLE]
    apart = pairs[LinkKind.CAMPAIGN]
    print(
        f"ours: asked of a person {len(asked)} pairs, {len(asked & true)} of them the same;"
        f" copied texts kept apart {len(apart)}, {len(apart & true)} of them wrongly;"
        f" reached in all {len((sure | asked) & true) / len(true):.3f}"
    )


if __name__ == "__main__":
    main()
