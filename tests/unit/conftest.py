from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.redis import Redis


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    """A Redis that knows nothing yet."""
    redis = Redis(tmp_path)
    yield redis
    redis.stop()
