"""What those who count need to know of the Redis that all processes share."""

from collections.abc import Sequence
from typing import Any, Protocol


class AwayError(Exception):
    """Redis does not answer. Whoever asked counts for this process alone."""


class Store(Protocol):
    """Runs scripts in Redis."""

    async def run(self, script: str, keys: Sequence[str], *arguments: str | float) -> Any:
        """Run a script in Lua, and return what it returns.

        :param keys: without the prefix of this product.
        :raises AwayError: if Redis has not answered in time, now or a moment ago. The script may
            have run.
        """
        ...
