"""What ``deploy/containers/compose.yaml`` says."""

from pathlib import Path
from typing import Any, Final

import yaml

FOLDER: Final = Path(__file__).parents[2] / "deploy/containers"
FILE: Final[dict[str, Any]] = yaml.safe_load((FOLDER / "compose.yaml").read_text())
SERVICES: Final[dict[str, dict[str, Any]]] = FILE["services"]
OURS: Final = {name: one for name, one in SERVICES.items() if one["image"] == "voicedemo"}
"""The services of our image. Their commands are those of manage.py."""
