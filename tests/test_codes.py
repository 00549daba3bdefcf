"""Every rule code is provoked by a test: a check that nobody has seen fail may not work."""

import ast
import json
from pathlib import Path

import pytest

from expectations.checks import ROW_CHECKS, TABLE_CHECKS, is_code
from expectations.volume import DRIFT_CHECKS
from models.words import Severity
from sources.registry import INFOS

TESTS = Path(__file__).parent
DECLARED = {
    **{info.kind: info.checks for info in INFOS.values()},
    "rows": ROW_CHECKS,
    "readings": TABLE_CHECKS,
    "drift": DRIFT_CHECKS,
}


def read_literals() -> str:
    """Return every string that a test holds or a golden page expects, this file's own apart."""
    told = []
    for path in sorted(TESTS.rglob("*.py")):
        if path != Path(__file__):
            tree = ast.parse(path.read_text("utf-8"))
            told += [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    told += [json.dumps(json.loads(path.read_text("utf-8"))) for path in sorted(TESTS.rglob("*.json"))]
    return "\n".join(told)


LITERALS = read_literals()


@pytest.mark.parametrize("kind", DECLARED)
def test_every_declared_code_is_provoked_by_a_test_or_a_golden_page(kind: str) -> None:
    # Mail that is set aside is tested by the reason alone, "bounce" for "set-aside-bounce".
    missing = [c.code for c in DECLARED[kind] if c.code.removeprefix("set-aside-") not in LITERALS]
    assert missing == [], f"{kind}: no test speaks of {', '.join(missing)}"


@pytest.mark.parametrize("kind", DECLARED)
def test_every_check_has_a_code_a_severity_and_a_sentence_for_people(kind: str) -> None:
    for check in DECLARED[kind]:
        assert is_code(check.code) and check.severity in set(Severity), check
        assert check.sentence[0].isupper() and check.sentence.endswith((".", ":")), check
