"""Texts as speech, synthesised once and kept in files."""

import asyncio
import hashlib
import logging
import sys
from pathlib import Path

from ..media import ogg

log = logging.getLogger("voicedemo.speech")

_RECIPE = "2"
"""Part of each file's name. Raise it when synthesis changes, so that older files are not used."""


class SpeechError(RuntimeError):
    """A text could not be synthesised. The message is the last line of the synthesiser's output."""


class SpeechStore:
    """Turns texts into Opus packets, and keeps them across restarts.

    :param folder: holds the Ogg files; created if missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def packets(self, text: str) -> tuple[bytes, ...]:
        """Return the text as packets of 20 ms.

        The first time takes a second or two, in another process.

        :raises SpeechError: no speech engine works on this machine.
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
