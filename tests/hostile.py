"""Packets that a stranger may send to the media port."""

import random

from aioice.stun import Class, Message, Method


def mutilated(dice: random.Random, seeds: list[bytes]) -> bytes:
    """Return one of the seeds or noise, with some bytes changed and perhaps cut."""
    data = bytearray(dice.choice([*seeds, dice.randbytes(dice.randrange(64))]))
    for _ in range(dice.randrange(4)):
        if data:
            data[dice.randrange(len(data))] = dice.randrange(256)
    return bytes(data[: dice.randrange(len(data) + 1)] if dice.random() < 0.3 else data)


def check_for(ufrag: str, *, password: bytes = b"wrong") -> bytes:
    message = Message(Method.BINDING, Class.REQUEST)
    message.attributes["USERNAME"] = f"{ufrag}:someone"
    message.attributes["PRIORITY"] = 1
    message.attributes["ICE-CONTROLLING"] = 1
    message.add_message_integrity(password)
    return bytes(message)
