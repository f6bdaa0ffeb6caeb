"""What a worker knows of its calls, for the worker that goes on with one where it has died."""

import logging
from typing import Annotated, Self

import msgpack
from pydantic import BaseModel, ConfigDict, Field, ValidationError

log = logging.getLogger("voicedemo.snapshots")

MAX_BYTES = 256 * 1024
"""Three times what the parrot needs for its longest phrase in Chromium's best quality."""

Packets = Annotated[list[bytes], Field(max_length=50_000)]
"""Opus, 20 ms each."""


class Snapshot(BaseModel):
    """A part of a call that can be sent to another process. All fields have defaults."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    def pack(self) -> bytes:
        """Return it as MessagePack; empty if there is nothing in it."""
        fields = self.model_dump(exclude_defaults=True)
        return msgpack.packb(fields) if fields else b""

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        """Read what :meth:`pack` returned. What another version wrote may be lost."""
        if not data:
            return cls()
        try:
            return cls.model_validate(msgpack.unpackb(data))  # type: ignore[attr-defined]
        except (ValueError, msgpack.UnpackException, ValidationError) as exc:
            log.warning(
                "a call begins anew, as its snapshot cannot be read: %s", type(exc).__name__
            )
            return cls()


class CallSnapshot(Snapshot):
    """A call as its worker knows it."""

    ends_at: float | None = None
    """When its time is up, in seconds since the epoch."""
    waits_ms: list[int] = []
    """How long the person has waited for each answer."""
    voice: bytes = b""
    """What its voice knows (:meth:`bot.media.voice.Voice.snapshot`)."""


class ParrotSnapshot(Snapshot):
    """What the parrot was about to say, or else what it has heard of a phrase."""

    to_say: Packets = []
    phrase: Packets = []
    speech: int = 0
    """How many packets of the phrase are speech."""
    quiet: int = 0
    """How many packets of silence there were after it."""
