"""Spoken texts, synthesised once and kept as encoded packets."""

import asyncio
import hashlib
import logging
import sys
from pathlib import Path

from ..media import ogg

log = logging.getLogger("voicedemo.speech")

# Part of the name of each file: raise it when synthesis changes, and old files are not used.
_RECIPE = "2"


class SpeechError(RuntimeError):
    """A text could not be spoken. The message says what the synthesiser said."""


class SpeechStore:
    """Texts as Opus packets, kept in a folder across restarts.

    :param folder: where the Ogg files are kept; made when missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def packets(self, text: str) -> tuple[bytes, ...]:
        """The text as 20 ms packets; takes a second or two the first time, off the event loop.

        :raises SpeechError: where no speech engine works.
        """
        path = self._folder / f"{hashlib.sha256(f'{_RECIPE} {text}'.encode()).hexdigest()[:32]}.ogg"
        if not path.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            await self._synthesize(text, path)
        return await asyncio.to_thread(ogg.read, path)

    async def _synthesize(self, text: str, path: Path) -> None:
        log.info("synthesising %d characters of speech", len(text))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot.speech.synthesize", str(path)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        _, complaint = await process.communicate(text.encode())
        if process.returncode != 0:
            lines = complaint.decode(errors="replace").strip().splitlines() or ["no message"]
            raise SpeechError(lines[-1])
