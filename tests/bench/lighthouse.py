"""Prints Lighthouse's figures for the pages on a phone on slow 4G.

Run it with ``python -m tests.bench.lighthouse``.
"""

import json
import os
import statistics
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Final

from tests.e2e.caller import chromium
from tests.e2e.server import ROOT, Server

PAGES: Final = ("", "check/")
CATEGORIES: Final = ("performance", "accessibility", "best-practices")
TIMES: Final = ("first-contentful-paint", "largest-contentful-paint", "interactive")
RUNS: Final = 3
"""Throttling is simulated, so the median of several runs is taken, as Lighthouse advises."""


def audit(url: str) -> dict[str, Any]:
    node = ROOT / ".venv/bin/node"
    command = [
        *(str(node), str(ROOT / "node_modules/lighthouse/cli/index.js"), url),
        *("--output=json", "--quiet", f"--only-categories={','.join(CATEGORIES)}"),
        "--chrome-flags=--headless=new --no-sandbox",
    ]
    environment = {**os.environ, "CHROME_PATH": chromium()}
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    return json.loads(done.stdout)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        server = Server.start(Path(folder))
        try:
            for page in PAGES:
                _show(f"/{page}", [audit(server.url + page) for _ in range(RUNS)])
        finally:
            server.stop()


def _show(page: str, reports: list[dict[str, Any]]) -> None:
    def median(category: str, name: str, field: str) -> float:
        return statistics.median(report[category][name][field] for report in reports)

    print(page)
    for name in CATEGORIES:
        print(f"  {name:26} {100 * median('categories', name, 'score'):6.0f}")
    for name in TIMES:
        print(f"  {name:26} {median('audits', name, 'numericValue') / 1000:6.2f} s")
    print(
        f"  {'layout shift':26} {median('audits', 'cumulative-layout-shift', 'numericValue'):6.3f}"
    )
    weight = median("audits", "total-byte-weight", "numericValue")
    print(f"  {'over the network':26} {weight / 1024:6.1f} KiB")
    wrong = {
        audit["title"]
        for report in reports
        for audit in report["audits"].values()
        if audit.get("score") is not None and audit["score"] < 0.9
    }
    for title in sorted(wrong):
        print(f"  - {title}")


if __name__ == "__main__":
    main()
