"""Packets that a stranger may send to the media port."""

import random

from aioice.stun import Class, Message, Method

from bot.ice import stun
from bot.ice.agent import IceAgent


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


def check_of_peer(agent: IceAgent, peer: str = "peer") -> bytes:
    """A check that the agent takes for its peer's: an eavesdropper can send one again.

    :param peer: the peer's ufrag.
    """
    request = stun.binding_request()
    request.attributes["USERNAME"] = f"{agent.local_ufrag}:{peer}"
    request.attributes["PRIORITY"] = 1
    request.attributes["ICE-CONTROLLED"] = 1
    request.add_message_integrity(agent.local_pwd.encode())
    return bytes(request)
