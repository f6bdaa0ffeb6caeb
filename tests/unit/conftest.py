from collections.abc import AsyncIterator, Callable

import pytest

from signaling.shared import redis as shared_redis
from signaling.shared.redis import StoreInRedis
from tests.redis import PATIENT_S, Redis

MakeStore = Callable[[], StoreInRedis]


@pytest.fixture
async def make_store(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[MakeStore]:
    """Makes what each process shares with the others. After a failure it asks again at once."""
    monkeypatch.setattr(shared_redis, "ANSWER_S", PATIENT_S)
    monkeypatch.setattr(shared_redis, "PAUSE_S", 0.0)
    made: list[StoreInRedis] = []

    def make() -> StoreInRedis:
        made.append(StoreInRedis(redis.url))
        return made[-1]

    yield make
    for store in made:
        await store.close()


@pytest.fixture
def store(make_store: MakeStore) -> StoreInRedis:
    return make_store()
