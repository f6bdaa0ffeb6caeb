"""Makes the bot's worker as the settings say."""

import sys
from pathlib import Path

from channels.layers import get_channel_layer
from django.conf import settings
from django.utils.module_loading import import_string

from bot.config import BotConfig
from bot.ice.endpoints import IceConfig
from bot.ice.gather import StunServer
from bot.ice.shared_port import Workplace
from bot.worker import Worker
from fleet.chosen import fleet, snapshots


def make_worker(channel: str, number: int | None = None) -> Worker:
    """Make a worker that has yet to be started.

    :param channel: where it takes messages (:func:`fleet.lease.new_channel`).
    :param number: of this worker among those of this machine, from 1; None if it is the only one.
    """
    config = BotConfig(
        heartbeat_s=settings.VOICEDEMO_HEARTBEAT_S,
        liveness_s=settings.VOICEDEMO_LIVENESS_S,
        max_call_s=settings.VOICEDEMO_MAX_CALL_S,
        max_calls=settings.VOICEDEMO_WORKER_CALLS or settings.VOICEDEMO_MAX_CALLS,
        greeting=settings.VOICEDEMO_GREETING,
        speech_folder=Path(settings.VAR_DIR) / "speech",
        ice=_ice_config(number),
        make_bot=import_string(settings.VOICEDEMO_BOT) if settings.VOICEDEMO_BOT else None,
    )
    return Worker(get_channel_layer(), channel, config, fleet(), snapshots(channel))


def _ice_config(number: int | None) -> IceConfig:
    port, workplace = settings.VOICEDEMO_MEDIA_PORT, None
    if port and number is not None:
        if settings.VOICEDEMO_PORT_PER_WORKER or sys.platform != "linux":
            port += number - 1
        else:
            workplace = Workplace(number, Path(settings.VAR_DIR) / "workers")
    return IceConfig(
        port=port,
        workplace=workplace,
        public_ips=tuple(settings.VOICEDEMO_PUBLIC_IPS),
        one_each=settings.VOICEDEMO_PORT_PER_CALL,
        controlling=settings.VOICEDEMO_ICE_ROLE == "controlling",
        stun_servers=tuple(map(StunServer.parse, settings.VOICEDEMO_STUN_URLS)),
    )
