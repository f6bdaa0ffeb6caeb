"""Prometheus' own tool, which reads rules and configurations as Prometheus does."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml


def run(*arguments: str | Path) -> None:
    """Run it.

    :raises AssertionError: with what it says, if it finds something wrong.
    """
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is missing: tests/install_system.sh installs it")
    done = subprocess.run([promtool, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def check_expressions(expressions: list[str], folder: Path) -> None:
    """Let it parse PromQL expressions, as the expressions of recording rules.

    :param folder: where the rules may be written.
    """
    names = (f"expression:{number}" for number in range(len(expressions)))
    rules: list[dict[str, Any]] = [
        {"record": name, "expr": expression}
        for name, expression in zip(names, expressions, strict=True)
    ]
    path = folder / "expressions.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "expressions", "rules": rules}]}))
    run("check", "rules", path)
