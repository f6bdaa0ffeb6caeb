"""Mozilla's HTTP Observatory, which grades the security headers of a site."""

import json
import os
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from tests.environments import modules_of, node

FOLDER: Final = Path(__file__).parent
HSTS_PRELOAD: Final = "node_modules/@mdn/mdn-http-observatory/conf/hsts-preload.json"
"""The browsers' list of hosts, which the Observatory fetches as it is installed. We install it
without scripts, and localhost is not in that list, so here it is empty."""


def scan(
    paths: Iterable[str], *, http_port: int, https_port: int, authority: Path
) -> list[dict[str, Any]]:
    """Grade paths of localhost.

    :param authority: what the certificate is signed by (PEM).
    :returns: for each path its ``status``, ``grade``, ``score`` and the ``results`` of all tests.
    """
    modules = modules_of("observatory", FOLDER)
    (modules / HSTS_PRELOAD).write_text("{}")
    command = [str(node()), str(FOLDER / "scan.mjs"), str(http_port), str(https_port), *paths]
    environment = {**os.environ, "NODE_EXTRA_CA_CERTS": str(authority)}
    done = subprocess.run(command, cwd=modules, env=environment, stdout=subprocess.PIPE, check=True)
    graded: list[dict[str, Any]] = json.loads(done.stdout)
    return graded
