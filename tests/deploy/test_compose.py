"""What ``deploy/compose.yaml`` promises: pins, loopback, health, no secret, nothing sent."""

import re
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

from flows.environment import DEFAULTS, ROOT
from tests.deploy.compose import FOLDER, VARIABLE, filled, services

PINNED = re.compile(r"[\w./-]+:v?\d+\.\d+(\.\d+)?(-[\w.]+)?")
SECRET = re.compile(r"PASSWORD|SECRET|_KEY|TOKEN")
TEXT = (FOLDER / "compose.yaml").read_text(encoding="utf-8")
EACH = pytest.mark.parametrize(("name", "service"), services().items())


@EACH
def test_images_are_pinned(name: str, service: dict[str, Any]) -> None:
    recipe = service.get("build", {}).get("dockerfile_inline", "")
    for image in [service["image"], *re.findall(r"^FROM (.+)$", recipe, re.MULTILINE)]:
        assert PINNED.fullmatch(image), image
    for word in re.findall(r"pip install (.+)$", recipe, re.MULTILINE):
        for package in (each for each in word.split() if not each.startswith("-")):
            assert str(Requirement(package).specifier).startswith("=="), package


@EACH
def test_ports_are_of_this_machine_unless_told_otherwise(
    name: str, service: dict[str, Any]
) -> None:
    for port in service.get("ports", []):
        assert port.startswith("${MTDNET_BIND:-127.0.0.1}:")
        assert filled(port, {}).startswith("127.0.0.1:")
    assert not service.get("network_mode")


@EACH
def test_each_is_watched_and_keeps_its_state(name: str, service: dict[str, Any]) -> None:
    ends = service["restart"] == "on-failure"
    assert ends or service["restart"] == "unless-stopped"
    assert ends or service["healthcheck"]["test"][0] == "CMD"
    named = {each.split(":")[0] for each in service.get("volumes", [])}
    declared = yaml.safe_load(TEXT)["volumes"].keys()
    assert {each for each in named if not each.startswith(".")} <= declared
    for need, how in service.get("depends_on", {}).items():
        done = services()[need]["restart"] == "on-failure"
        assert how["condition"] == ("service_completed_successfully" if done else "service_healthy")


def test_no_secret_is_in_the_file() -> None:
    for service in services().values():
        for key, value in service.get("environment", {}).items():
            if SECRET.search(key):
                assert VARIABLE.fullmatch(value), key
    for found in re.findall(r"://([^/\s]*)@", TEXT):
        assert VARIABLE.fullmatch(found.split(":", 1)[1]), found
    for name, kind, text in VARIABLE.findall(TEXT):
        if SECRET.search(name):
            assert kind == "?" and text, f"{name} must be set"
    assert "/deploy/.env" in (ROOT / ".gitignore").read_text().splitlines()


def test_every_variable_is_explained() -> None:
    page = (ROOT / "docs" / "operate.md").read_text(encoding="utf-8")
    for name in {found[0] for found in VARIABLE.findall(TEXT)}:
        assert name in page, name


def test_servers_are_the_versions_of_the_lock() -> None:
    lock = (ROOT / "requirements.lock").read_text().splitlines()
    locked = dict(line.split("==") for line in lock if re.fullmatch(r"[\w-]+==[\w.]+", line))
    assert f":{locked['prefect']}-" in services()["prefect"]["image"]
    assert f"v{locked['mlflow']}\n" in services()["mlflow"]["build"]["dockerfile_inline"]


def test_nothing_is_sent_anywhere() -> None:
    assert "-master.telemetry=false" in services()["s3"]["command"].split()
    for name, own in (("prefect", "PREFECT_SERVER_ANALYTICS"), ("mlflow", "MLFLOW_DISABLE")):
        environment = services()[name]["environment"]
        for key in (key for key in DEFAULTS if key.startswith(own) or key == "DO_NOT_TRACK"):
            assert environment[key] == DEFAULTS[key]
