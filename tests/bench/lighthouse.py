"""Prints Lighthouse's figures for every page, on a phone on slow 4G.

Run it with ``python -m tests.bench.lighthouse``. It fails unless each page has the highest score
for its best practices, its accessibility and, where a search engine may list it, its SEO.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from tests.e2e.caller import chromium
from tests.e2e.server import ROOT
from tests.environments import node
from tests.visited import FAILED, PAGES, break_database, server_of_all

LISTED: Final = ("", "check/")
"""Pages that a search engine may list. They are also those whose speed counts."""
FLAWLESS: Final = ("best-practices", "accessibility")
TIMES: Final = ("first-contentful-paint", "largest-contentful-paint", "interactive")
RUNS: Final = 3
"""Throttling is simulated, so the median of several runs is taken, as Lighthouse advises."""
ATTEMPTS: Final = 3
"""On a busy machine Chromium sometimes records no trace (NO_NAVSTART). Another run helps."""
OF_THE_STATUS: Final = ("errors-in-console",)
"""Chromium itself writes a status of 400 or more to the console, so such a page always fails it."""

Report = dict[str, Any]


def audit(url: str, categories: tuple[str, ...], *, skip: tuple[str, ...] = ()) -> Report:
    command = [
        *(str(node()), str(ROOT / "node_modules/lighthouse/cli/index.js"), url),
        *("--output=json", "--quiet", f"--only-categories={','.join(categories)}"),
        *("--ignore-status-code", "--chrome-flags=--headless=new --no-sandbox"),
        *(f"--skip-audits={audit}" for audit in skip),
    ]
    environment = {**os.environ, "CHROME_PATH": chromium()}
    for _ in range(ATTEMPTS):
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE)
        if done.returncode == 0:
            report: Report = json.loads(done.stdout)
            return report
    raise RuntimeError(f"Lighthouse cannot audit {url}; it says why above")


def main() -> int:
    """Audit every page; returns the exit status."""
    good = True
    with tempfile.TemporaryDirectory() as folder:
        server = server_of_all(Path(folder))
        try:
            for page in PAGES:
                good &= _rate(server.url, page)
            break_database(Path(folder))
            good &= _rate(server.url, FAILED)
        finally:
            server.stop()
    return 0 if good else 1


def _rate(base: str, page: str) -> bool:
    """Audit a page and print what was found; returns whether that will do."""
    is_listed = page in LISTED
    demanded = (*FLAWLESS, "seo") if is_listed else FLAWLESS
    skip = OF_THE_STATUS if page in ("stand/damaged/", "nowhere/", FAILED) else ()
    reports = [
        audit(base + page, ("performance", *demanded), skip=skip)
        for _ in range(RUNS if is_listed else 1)
    ]
    _show(f"/{page}", reports, demanded)
    return all(report["categories"][name]["score"] == 1 for report in reports for name in demanded)


def _show(page: str, reports: list[Report], demanded: tuple[str, ...]) -> None:
    def median(category: str, name: str, field: str) -> float:
        return statistics.median(report[category][name][field] for report in reports)

    print(page)
    for name in ("performance", *demanded):
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
    sys.exit(main())
