"""Writes what the product consists of, as CycloneDX: ``python -m tests.supply.sbom``."""

import base64
import json
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import quote

from .tools import ROOT, program

FOLDER = ROOT / "var" / "sbom"


def python_packages(target: Path) -> None:
    command = [
        str(program("cyclonedx-py")), "requirements", "requirements.lock", "--short-PURLs",
        "--pyproject=pyproject.toml", "--output-reproducible", f"--output-file={target}",
    ]  # fmt: skip
    subprocess.run(command, cwd=ROOT, check=True)


def npm_packages(lock: dict[str, Any]) -> dict[str, Any]:
    """Read a package-lock.json.

    ``npm sbom`` refuses ours: a package of Lighthouse asks for the latest version of another, and
    npm does not count the one in the lock as that.
    """
    packages = {path: found for path, found in lock["packages"].items() if path}
    components = [_component(path, found) for path, found in sorted(packages.items())]
    return {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": components}


def _component(path: str, package: dict[str, Any]) -> dict[str, Any]:
    name = path.rpartition("node_modules/")[2]
    purl = f"pkg:npm/{quote(name)}@{package['version']}"
    algorithm, _, digest = package["integrity"].partition("-")
    return {
        "type": "library",
        "bom-ref": path,
        "name": name,
        "version": package["version"],
        "purl": purl,
        "hashes": [
            {
                "alg": algorithm.upper().replace("SHA", "SHA-"),
                "content": base64.b64decode(digest).hex(),
            }
        ],
        "licenses": [{"expression": package["license"]}] if "license" in package else [],
    }


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    python_packages(FOLDER / "python.cdx.json")
    lock = json.loads((ROOT / "package-lock.json").read_text())
    (FOLDER / "npm.cdx.json").write_text(json.dumps(npm_packages(lock), indent=2) + "\n")
    print(f"{FOLDER.relative_to(ROOT)}/python.cdx.json: the server's packages")
    print(f"{FOLDER.relative_to(ROOT)}/npm.cdx.json: what checks the pages; no visitor gets it")


if __name__ == "__main__":
    main()
