"""`manage.py probe` calls from behind a phone's NAT. In each test but the first, one thing is wrong
with the network between it and the server."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.server import ROOT

from .addresses import DEAD, MEDIA_PORT, SERVER
from .lab import Lab, Network
from .phone import product
from .router import Policy

pytestmark = [pytest.mark.natlab, pytest.mark.alone, pytest.mark.long]

Probe = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """A phone behind a home router."""
    with closing(Lab(Network(), tmp_path)) as lab:
        yield lab


@pytest.fixture
def probe(lab: Lab, tmp_path: Path) -> Probe:
    def call(way: str) -> list[dict[str, Any]]:
        """Call from the phone, and return what the command said of each call."""
        done = subprocess.run(
            [
                *lab.phone.prefix,
                *(sys.executable, "manage.py", "probe", lab.url, f"--way={way}", "--json"),
                f"--ca={lab.authority}",
            ],
            cwd=ROOT,
            env={**os.environ, "VOICEDEMO_VAR_DIR": str(tmp_path / "probe")},
            capture_output=True,
            text=True,
        )
        told = [json.loads(line) for line in done.stdout.splitlines()]
        assert done.returncode == any(one["fault"] for one in told), done.stderr
        return told

    return call


def test_each_way_works_from_behind_a_nat(lab: Lab, probe: Probe, tmp_path: Path) -> None:
    with product(lab, tmp_path, **lab.stun_settings(), **lab.turn_settings()):
        told = probe("each")
    ways = ["direct", "udp", "tcp", "tls", "ice-tcp"]
    assert [(one["way"], one["sentence"]) for one in told] == [(way, "") for way in ways]


@pytest.mark.parametrize("ways", ["tcp, udp", "udp"])
def test_a_closed_media_port_is_named(lab: Lab, probe: Probe, tmp_path: Path, ways: str) -> None:
    with product(lab, tmp_path, **lab.stun_settings()):
        lab.server.nft(
            f"""
            table inet closed {{
              chain input {{
                type filter hook input priority filter
                meta l4proto {{ {ways} }} th dport {MEDIA_PORT} drop
              }}
            }}
            """
        )
        (told,) = probe("direct")
    assert told["fault"] == "port_closed"
    assert f"{SERVER}:{MEDIA_PORT}" in told["sentence"]
    assert told["sentence"].endswith("UDP and TCP." if "tcp" in ways else "closed for UDP.")


def test_a_wrong_public_address_is_named(lab: Lab, probe: Probe, tmp_path: Path) -> None:
    with product(lab, tmp_path, VOICEDEMO_PUBLIC_IPS=DEAD):
        (told,) = probe("direct")
    assert told["fault"] == "wrong_ip"
    assert DEAD in told["sentence"]
    assert "VOICEDEMO_PUBLIC_IPS" in told["next_step"]


def test_a_network_that_blocks_udp_is_named(lab: Lab, probe: Probe, tmp_path: Path) -> None:
    with product(lab, tmp_path, **lab.stun_settings()):
        lab.reroute(Policy(blocks_udp=True))
        (told,) = probe("direct")
        assert told["fault"] == "udp_blocked"
        (told,) = probe("ice-tcp")
        assert told["fault"] is None
