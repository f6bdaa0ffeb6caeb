"""Which media port a worker takes, as the settings say."""

from pathlib import Path
from typing import Any

import pytest

from bot.ice.shared_port import Workplace
from voicedemo.bot_worker import _ice_config

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("number", "per_worker", "port", "expected"),
    [
        (None, False, 50000, (50000, False)),
        (1, False, 50000, (50000, True)),
        (2, False, 50000, (50000, True)),
        (1, True, 50000, (50000, False)),
        (2, True, 50000, (50001, False)),
        (None, False, 0, (0, False)),
        (2, False, 0, (0, False)),
        (2, True, 0, (0, False)),
    ],
)
def test_workers_share_a_port_that_is_set(
    settings: Any,
    tmp_path: Path,
    number: int | None,
    per_worker: bool,
    port: int,
    expected: tuple[int, bool],
) -> None:
    settings.VAR_DIR = tmp_path
    settings.VOICEDEMO_MEDIA_PORT = port
    settings.VOICEDEMO_PORT_PER_WORKER = per_worker
    config = _ice_config(number)
    assert (config.port, config.workplace is not None) == expected
    if config.workplace is not None:
        assert config.workplace == Workplace(number or 0, tmp_path / "workers")


def test_without_linux_each_worker_has_a_port(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    settings.VOICEDEMO_MEDIA_PORT = 50000
    config = _ice_config(2)
    assert (config.port, config.workplace) == (50001, None)
