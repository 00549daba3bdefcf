"""What is handed to operators: units, a container file and a compose file that say what they should; the licences."""

import configparser
import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from flows.koll import app
from models.configuration.environment import SECRETS

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
VARIABLES = {f"{name}_FILE" for name in SECRETS.values()} | {"KOLL_CONFIG", "KOLL_DATABASE_URL"}


class Unit(configparser.ConfigParser):
    def optionxform(self, optionstr: str) -> str:
        return optionstr


def read_unit(path: Path) -> Unit:
    unit = Unit(strict=False, interpolation=None, delimiters=("=",))
    unit.read_string(path.read_text("utf-8"))
    return unit


@pytest.mark.parametrize("path", [unit for unit in UNITS if unit.suffix == ".service"], ids=lambda path: path.name)
def test_a_service_runs_a_command_that_there_is_and_is_shut_in(path: Path) -> None:
    service = read_unit(path)["Service"]
    words = service["ExecStart"].split()
    assert words[0].endswith("/bin/koll")
    told = CliRunner().invoke(app, [*(word for word in words[1:3] if not word.startswith("-")), "--help"])
    assert told.exit_code == 0, told.output
    assert service["UMask"] == "0077" and service["NoNewPrivileges"] == "yes" and service["ProtectSystem"] == "strict"
    named = set(re.findall(r"^Environment=(KOLL_\w+)=", path.read_text("utf-8"), re.MULTILINE))
    assert named and named <= VARIABLES
    assert path.with_suffix(".timer") in UNITS


BY_DAY = [unit for unit in UNITS if unit.suffix == ".timer" and unit.stem != "koll-mail"]


@pytest.mark.parametrize("path", BY_DAY, ids=lambda path: path.name)
def test_a_timer_keeps_away_from_the_hour_that_clock_changes_take(path: Path) -> None:
    timer = read_unit(path)["Timer"]
    hour = int(re.search(r" (\d\d):", timer["OnCalendar"]).group(1))  # type: ignore[union-attr]
    assert hour != 2 and timer["OnCalendar"].endswith("Europe/Stockholm") and timer["Persistent"] == "true"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
def test_systemd_finds_nothing_wrong_but_that_it_is_not_installed_here() -> None:
    done = subprocess.run(["systemd-analyze", "verify", *UNITS], capture_output=True, text=True)
    wrong = [line for line in done.stderr.splitlines() if "systemd/koll-" in line or line.startswith("koll-")]
    assert [line for line in wrong if "is not executable" not in line] == []


def test_the_image_holds_what_the_product_needs_and_runs_as_nobody_special() -> None:
    lines = (DEPLOY / "Containerfile").read_text("utf-8").splitlines()
    copied = [word for line in lines if line.startswith("COPY") for word in line.split()[1:-1]]
    assert {"flows", "sources", "models", "expectations", "samples", "requirements.lock", "prefect.yaml"} <= set(copied)
    assert all((ROOT / name).exists() for name in copied)
    assert any("--require-hashes" in line and "requirements.lock" in line for line in lines)
    users = [line.split()[1] for line in lines if line.startswith("USER")]
    assert users and users[-1] != "root"


def test_compose_names_only_what_there_is_and_lets_nobody_in_from_outside() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    services = compose["services"]
    assert {"database", "server", "worker"} <= set(services)
    for name, service in services.items():
        assert all(str(port).startswith("127.0.0.1:") for port in service.get("ports", ())), name
        assert set(service.get("secrets", ())) <= set(compose["secrets"])
        assert all(volume.partition(":")[0] in compose["volumes"] for volume in service.get("volumes", ()))
        assert set(service.get("depends_on", ())) <= set(services)
        told = {key: value for key, value in service["environment"].items() if key.startswith("KOLL_")}
        assert set(told) <= VARIABLES
        assert not any("PASSWORD" in key and not key.endswith("_FILE") for key in service["environment"])
    assert "PREFECT_SERVER_API_AUTH_STRING" in services["server"]["command"][0]
    assert "PREFECT_API_AUTH_STRING" in services["worker"]["command"][0]


def test_the_licences_name_exactly_what_is_pinned() -> None:
    spec = importlib.util.spec_from_file_location("licences", ROOT / ".ci" / "licences.py")
    assert spec and spec.loader
    licences = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(licences)
    listed = re.findall(r"^\| ([\w.-]+) \|", (ROOT / "docs" / "licences.md").read_text("utf-8"), re.MULTILINE)
    assert listed[1:] == licences.list_pinned(ROOT / "requirements.lock"), "run `make licences`"
