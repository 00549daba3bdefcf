"""The demo's night without Prefect's start-up, and the same night again: no row, no mail, pages answered 304.

python -m bench.night
"""

import tempfile
import time
from collections import Counter
from pathlib import Path

from flows.demo import nights as demo
from flows.night import run_night
from flows.workplace import open_workplace
from models.storage.store import upgrade


def main() -> None:
    answers: Counter[int] = Counter()
    respond = demo._Site.send_response

    def counting(self: demo._Site, code: int, message: str | None = None) -> None:
        answers[code] += 1
        respond(self, code, message)

    demo._Site.send_response = counting  # type: ignore[method-assign]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "world"
        demo.lay_out(root)
        with demo.serve_sites(root) as addresses:
            place = open_workplace(demo.write_config(root, addresses), check=False)
            upgrade(place.engine)
            print(f"{'night':<22}{'seconds':>9}{'new rows':>10}{'mails':>7}  answers of the sites")
            for number, day in (*demo.NIGHTS.items(), (0, demo.NIGHTS[3])):
                if number:
                    demo.deliver_day(root, number)
                answers.clear()
                started = time.perf_counter()
                night = run_night(place, [], day, lambda _line: None)
                took = time.perf_counter() - started
                written = sum(fared.new + fared.changed + fared.withdrawn for fared in night.nights)
                mails = night.alerts.mails if night.alerts else 0
                name = f"{day}{' again' if not number else ''}"
                print(f"{name:<22}{took:>9.2f}{written:>10}{mails:>7}  {dict(sorted(answers.items()))}")


if __name__ == "__main__":
    main()
