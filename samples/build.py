"""Write the demo's world again: ``python -m samples.build [FOLDER]``.

Gives the same bytes every time. What the world must lead to is worked out here, by other means than the product's,
and stands in expected.json, inbox/expected.json and README.md.
"""

import json
import shutil
import sys
from pathlib import Path

from samples.world import companies, extracts, truth, usa
from samples.world.declarations import DECLARATIONS
from samples.world.files import write_csv, write_xlsx
from samples.world.mails import MAILS
from samples.world.readme import write_extract_readme, write_readme
from samples.world.sites import write_sites

FOLDERS = (
    *("register", "extracts", "site", "site-night-3", "inbox", "declarations"),
    *("usa/register", "usa/cfpb", "usa/ftc", "usa/inbox"),
)


def write_world() -> dict[str, bytes]:
    """Return every generated file, by its path from samples/."""
    rows = extracts.write_rows()
    files = {"register/members.csv": companies.write_members(), "register/names.csv": companies.write_names()}
    for night, (name, _, _) in extracts.NIGHTS.items():
        cells = [row.cells(night) for row in extracts.rows_of(rows, night)]
        write = write_xlsx if name.endswith(".xlsx") else write_csv
        files[f"extracts/{name}"] = write(extracts.HEADER, cells)
    files |= write_sites()
    files |= {f"inbox/{mail.file}.eml": mail.to_bytes() for mail in MAILS}
    files |= {f"declarations/night-{one.night}/{one.name}": one.to_bytes() for one in DECLARATIONS}
    expected = truth.expect(rows)
    files["expected.json"] = _write_json(expected)
    files["inbox/expected.json"] = _write_json(truth.expect_mails())
    files |= usa.write_files()
    files["usa/expected.json"] = _write_json(usa.expect())
    files["README.md"] = write_readme(expected).encode("utf-8")
    files["extracts/README.md"] = write_extract_readme().encode("utf-8")
    return files


def _write_json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode("utf-8")


def build(folder: Path) -> int:
    """Write the world into ``folder``, first emptying what an earlier build left there; return the number of files."""
    for name in FOLDERS:
        shutil.rmtree(folder / name, ignore_errors=True)
    files = write_world()
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return len(files)


if __name__ == "__main__":
    where = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    print(f"{build(where)} files written to {where}")
