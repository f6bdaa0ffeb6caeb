import ssl
from datetime import UTC, datetime, timedelta

from .base import IceServers, ProviderError
from .http import ask, read_servers


class MeteredProvider:
    """Metered's TURN service. One request makes an expiring credential, a second lists its servers.

    ``POST /api/v1/turn/credential?secretKey=`` with ``{"expiryInSeconds", "label"}`` gives an
    ``apiKey`` (https://www.metered.ca/docs/turn-rest-api/post-create-credential);
    ``GET /api/v1/turn/credentials?apiKey=&region=`` gives a bare array of servers
    (https://www.metered.ca/docs/turn-rest-api/get-credential).

    :param app: the host name ``<app>.metered.live``.
    :param region: as Metered names it, for example ``north_america``; empty for the region
        nearest to the browser.
    """

    name = "metered"

    def __init__(
        self,
        app: str,
        secret_key: str,
        region: str = "",
        *,
        api: str = "",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._api = api or f"https://{app}"
        self._secret_key = secret_key
        self._region = region
        self._tls = tls

    async def issue(self, call_id: str, ttl: timedelta) -> IceServers:
        expires_at = datetime.now(UTC) + ttl
        made = await ask(
            "POST",
            f"{self._api}/api/v1/turn/credential",
            tls=self._tls,
            params={"secretKey": self._secret_key},
            json={"expiryInSeconds": int(ttl.total_seconds()), "label": call_id},
        )
        if not isinstance(made, dict) or "apiKey" not in made:
            raise ProviderError("metered: no credential in the answer")
        region = {"region": self._region} if self._region else {}
        listed = await ask(
            "GET",
            f"{self._api}/api/v1/turn/credentials",
            tls=self._tls,
            params={"apiKey": made["apiKey"], **region},
        )
        return IceServers(read_servers(listed, self.name), expires_at)
