import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from .base import IceServer, IceServers


class CoturnProvider:
    """Time-limited credentials that any TURN server with the same secret accepts.

    This is coturn's ``use-auth-secret`` (README.turnserver; draft-uberti-behave-turn-rest): the
    username is the time of expiry and the call's id, and the password is its HMAC. The server is
    not asked, so this never fails. An allocation outlives its credentials: only a new allocation
    needs new ones, a refresh does not.
    """

    name = "coturn"

    def __init__(self, urls: Sequence[str], secret: str) -> None:
        self._urls = list(urls)
        self._secret = secret.encode()

    async def issue(self, call_id: str, ttl: timedelta) -> IceServers:
        expires_at = datetime.now(UTC) + ttl
        username = f"{int(expires_at.timestamp())}:{call_id}"
        digest = hmac.new(self._secret, username.encode(), hashlib.sha1).digest()
        credential = base64.b64encode(digest).decode()
        server = IceServer(urls=self._urls, username=username, credential=credential)
        return IceServers((server,), expires_at)
