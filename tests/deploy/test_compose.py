"""The compose file: its services are commands that exist, and they may do little.

No container engine reads it here. The keys are those of the compose specification that we use.
"""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.core.management import get_commands, load_command_class

from voicedemo import settings
from voicedemo.shutdown import SHUTDOWN_S

from .compose import FILE, FOLDER, OURS, SERVICES
from .containerfile import Ignored, instructions

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]
KEYS = {
    *("build", "cap_add", "cap_drop", "command", "depends_on", "env_file", "environment"),
    *("healthcheck", "image", "init", "network_mode", "read_only", "restart", "secrets"),
    *("security_opt", "stop_grace_period", "tmpfs", "ulimits", "volumes"),
}
WORKERS = {name: one for name, one in OURS.items() if one["command"][0] == "runbot"}


def options(service: dict[str, Any]) -> dict[str, Any]:
    """The options of a service's command, as the command itself reads them.

    :raises CommandError: if it has no such option.
    :raises KeyError: if there is no such command.
    """
    name, *arguments = service["command"]
    command = load_command_class(get_commands()[name], name)
    return vars(command.create_parser("manage.py", name).parse_args(arguments))


def seconds(text: str) -> int:
    found = re.fullmatch(r"(\d+)s", text)
    assert found, text
    return int(found[1])


def port_of(pattern: str, path: str) -> int:
    (port,) = re.findall(pattern, (ROOT / path).read_text())
    return int(port)


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_uses_known_keys_and_an_image_of_a_version(name: str) -> None:
    service = SERVICES[name]
    assert service.keys() <= KEYS
    assert name in OURS or re.fullmatch(r"docker\.io/[\w/]+:[\w.-]+", service["image"])


@pytest.mark.parametrize("name", OURS)
def test_every_command_exists_with_its_options(name: str) -> None:
    assert options(OURS[name])


def test_pages_and_workers_are_processes_of_their_own() -> None:
    assert options(SERVICES["web"])["no_bot"]
    numbers = [options(worker)["number"] for worker in WORKERS.values()]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) > 1


@pytest.mark.parametrize("name", OURS)
def test_every_variable_is_a_setting(name: str) -> None:
    assert OURS[name]["environment"].keys() <= settings.env.dump().keys()


@pytest.mark.parametrize("name", OURS)
def test_our_processes_may_do_little(name: str) -> None:
    service = OURS[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "cap_add" not in service


def test_our_processes_are_not_roots() -> None:
    containerfile = (FOLDER / "Containerfile").read_text()
    (user,) = [one.rest for one in instructions(containerfile) if one.keyword == "USER"]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_waits_only_for_what_can_be_told(name: str) -> None:
    for other, wanted in SERVICES[name].get("depends_on", {}).items():
        if wanted["condition"] == "service_healthy":
            assert "healthcheck" in SERVICES[other]
        else:
            assert wanted["condition"] == "service_completed_successfully"
            assert "restart" not in SERVICES[other]


@pytest.mark.parametrize("name", SERVICES)
def test_every_secret_of_a_service_is_given_to_it(name: str) -> None:
    service = SERVICES[name]
    text = str([service.get("environment"), service.get("command")])
    assert set(re.findall(r"/run/secrets/(\w+)", text)) == set(service.get("secrets", []))


def test_every_secret_and_every_volume_is_declared_and_used() -> None:
    secrets = {one for service in SERVICES.values() for one in service.get("secrets", [])}
    mounts = {one for service in SERVICES.values() for one in service.get("volumes", [])}
    assert secrets == FILE["secrets"].keys()
    assert {one.split(":")[0] for one in mounts if one[0] != "."} == FILE["volumes"].keys()


def test_no_secret_is_in_git_or_in_an_image() -> None:
    ignored = Ignored((ROOT / ".containerignore").read_text())
    files = [f"deploy/containers/{secret['file']}" for secret in FILE["secrets"].values()]
    for file in [*files, "deploy/containers/voicedemo.env", "var/secret_key", ".env"]:
        assert file in ignored
        assert subprocess.run(["git", "check-ignore", "--quiet", file], cwd=ROOT).returncode == 0


def test_an_image_has_the_product_and_nothing_else() -> None:
    files = set(Ignored((ROOT / ".containerignore").read_text()).files(ROOT))
    assert {
        "manage.py",
        "requirements.lock",
        "bot/worker.py",
        "locale/de/LC_MESSAGES/django.mo",
    } <= files
    folders = {file.split("/")[0] for file in files}
    assert not folders & {".git", ".venv", "deploy", "docs", "node_modules", "tests", "var"}
    assert not [file for file in files if "__pycache__" in file]


@pytest.mark.parametrize("name", WORKERS)
def test_a_worker_has_the_time_in_which_its_calls_move(name: str) -> None:
    grace = seconds(WORKERS[name]["stop_grace_period"])
    assert grace >= settings.VOICEDEMO_DRAIN_S + SHUTDOWN_S


def test_the_workers_share_the_network_and_the_folder() -> None:
    """Otherwise they could not share the media port."""
    assert {worker["network_mode"] for worker in WORKERS.values()} == {"host"}
    assert {str(worker["volumes"]) for worker in WORKERS.values()} == {
        f"['var:{Path('/var/lib/voicedemo')}']"
    }


def test_all_agree_on_the_ports() -> None:
    assert not [name for name, service in SERVICES.items() if "ports" in service]
    web = port_of(r"reverse_proxy 127\.0\.0\.1:(\d+)", "deploy/caddy/Caddyfile")
    assert f"127.0.0.1:{web}/healthz" in SERVICES["web"]["healthcheck"]["test"][-1]
    assert web == settings.PORT
    redis = SERVICES["redis"]["command"]
    assert f"127.0.0.1:{redis[redis.index('--port') + 1]}/" in str(OURS["web"]["environment"])


def test_the_firewall_lets_in_the_media_port_of_the_docs() -> None:
    told = set(
        re.findall(r"^VOICEDEMO_MEDIA_PORT=(\d+)$", (ROOT / "docs/deploy.md").read_text(), re.M)
    )
    rules = (ROOT / "deploy/firewall/voicedemo.nft").read_text()
    assert len(told) == 1
    for protocol in ("udp", "tcp"):
        assert re.findall(rf'{protocol} dport (\d+) accept comment "sound', rules) == list(told)


def test_every_variable_in_the_guide_is_a_setting() -> None:
    guide = (ROOT / "docs/deploy.md").read_text()
    names = set(re.findall(r"^([A-Z][A-Z_]+)=", guide, re.MULTILINE))
    assert names
    assert names <= settings.env.dump().keys()
