"""The firewall's lines are ones that nft accepts."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

RULES = Path(__file__).parents[2] / "deploy/firewall/voicedemo.nft"


@pytest.mark.skipif(
    shutil.which("nft") is None or os.geteuid() != 0, reason="needs nftables, and root for nft -c"
)
def test_nft_accepts_the_lines() -> None:
    done = subprocess.run(["nft", "-c", "-f", str(RULES)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
