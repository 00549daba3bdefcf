"""What is handed to operators: units, a container file and a compose file that say what they should."""

import configparser
import re
import shutil
import subprocess
import sys
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
    named = dict(re.findall(r"^Environment=(KOLL_\w+)=(.*)$", path.read_text("utf-8"), re.MULTILINE))
    assert named and set(named) <= VARIABLES
    # What stands beside the configuration (database, archive, data docs) must lie where the unit may write.
    assert named["KOLL_CONFIG"].startswith(f"/var/lib/{service['StateDirectory']}/")
    given = set(re.findall(r"^LoadCredential=([\w-]+):/etc/koll/secrets/\1$", path.read_text("utf-8"), re.MULTILINE))
    assert {value for name, value in named.items() if name.endswith("_FILE")} == {f"%d/{name}" for name in given}
    assert "User" in service and service["User"] != "root"
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


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
@pytest.mark.parametrize("path", [unit for unit in UNITS if unit.suffix == ".service"], ids=lambda path: path.name)
def test_a_service_can_reach_little(path: Path) -> None:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=30", "--no-pager", path],
        capture_output=True, text=True,
    )  # fmt: skip
    if "unrecognized option" in done.stderr:
        pytest.skip("an older systemd-analyze")
    assert done.returncode == 0, done.stdout[-300:] + done.stderr


def test_the_image_holds_what_the_product_needs_and_runs_as_nobody_special() -> None:
    lines = (DEPLOY / "Containerfile").read_text("utf-8").splitlines()
    copied = [word for line in lines if line.startswith("COPY") for word in line.split()[1:-1]]
    assert {"flows", "sources", "models", "expectations", "samples", "requirements.lock", "prefect.yaml"} <= set(copied)
    assert all((ROOT / name).exists() for name in copied)
    assert any("--require-hashes" in line and "requirements.lock" in line for line in lines)
    users = [line.split()[1] for line in lines if line.startswith("USER")]
    assert users and users[-1] != "root"
    shown = (DEPLOY / "Containerfile.dockerignore").read_text("utf-8").splitlines()
    assert "*" in shown and {line[1:] for line in shown if line.startswith("!")} == set(copied)
    told = [line for line in lines if line.startswith("ENV")]
    assert {name for line in told for name in re.findall(r"(KOLL_\w+)=", line)} <= VARIABLES
    assert 'ENTRYPOINT ["koll"]' in lines


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
        if "build" in service:
            assert service["read_only"] and service["cap_drop"] == ["ALL"] and service["build"]["context"] == ".."
            assert (ROOT / service["build"]["dockerfile"]).is_file()
    for secret in compose["secrets"].values():
        assert re.fullmatch(r"secrets/[\w-]+", secret["file"])
    assert "PREFECT_SERVER_API_AUTH_STRING" in services["server"]["command"][0]
    assert "PREFECT_API_AUTH_STRING" in services["worker"]["command"][0]
    assert "PREFECT_API_AUTH_STRING" in services["koll"]["entrypoint"][2], "its commands speak to the same server"


def test_who_waits_for_whom_can_be_told_to_be_up() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))["services"]
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            assert how["condition"] == "service_healthy" and "healthcheck" in services[other], f"{name} on {other}"
    assert all("healthcheck" in services[name] for name in ("database", "server", "worker"))


def test_whoever_the_image_runs_as_is_told_to_own_the_secrets() -> None:
    """Compose mounts a file with the rights that it has outside."""
    user = re.search(r"--uid (\d+)", (DEPLOY / "Containerfile").read_text("utf-8"))
    assert user and f"chown {user[1]} " in (DEPLOY / "compose.yaml").read_text("utf-8")


def test_every_command_in_compose_is_one_that_there_is() -> None:
    """What the shells in it run: Prefect's commands with their options, and ours."""
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))["services"]
    lines = [line for one in services.values() for part in ("entrypoint", "command") for line in one.get(part, ())]
    found = re.findall(r"prefect (?:--no-prompt )?([a-z][a-z-]*)([^\n>|]*)", "\n".join(lines))
    assert {verb for verb, _ in found} == {"server", "work-pool", "deploy", "worker"}
    options = {option for verb, rest in found if verb == "worker" for option in re.findall(r"--[a-z-]+", rest)}
    worker = [Path(sys.executable).parent / "prefect", "worker", "start", "--help"]  # test_prefect.py runs the others
    told = subprocess.run(worker, capture_output=True, text=True).stdout
    assert options == {"--pool", "--with-healthcheck"} and all(option in told for option in options)


def test_the_scripts_of_compose_are_shell() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))["services"]
    for name, service in services.items():
        for line in [*service.get("command", ()), *service.get("entrypoint", ())[2:3]]:
            done = subprocess.run(["sh", "-n"], input=line.replace("$$", "$"), capture_output=True, text=True)
            assert done.returncode == 0, (name, done.stderr)
