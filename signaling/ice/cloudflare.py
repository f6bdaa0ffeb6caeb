import ssl
from datetime import UTC, datetime, timedelta

from .base import IceServers, ProviderError
from .http import ask, read_servers

API = "https://rtc.live.cloudflare.com"
MAX_TTL = timedelta(hours=48)


class CloudflareProvider:
    """Cloudflare Realtime TURN.

    ``POST /v1/turn/keys/{id}/credentials/generate-ice-servers`` takes the key's token and
    ``{"ttl": seconds}`` and answers 201 with ``{"iceServers": [...]}``
    (https://developers.cloudflare.com/realtime/turn/generate-credentials/).
    """

    name = "cloudflare"

    def __init__(
        self, key_id: str, token: str, *, api: str = API, tls: ssl.SSLContext | None = None
    ) -> None:
        self._url = f"{api}/v1/turn/keys/{key_id}/credentials/generate-ice-servers"
        self._token = token
        self._tls = tls

    async def issue(self, call_id: str, ttl: timedelta) -> IceServers:
        lasts = min(ttl, MAX_TTL)
        expires_at = datetime.now(UTC) + lasts
        answer = await ask(
            "POST",
            self._url,
            tls=self._tls,
            headers={"Authorization": f"Bearer {self._token}"},
            json={"ttl": int(lasts.total_seconds())},
        )
        if not isinstance(answer, dict):
            raise ProviderError("cloudflare: no ICE servers in the answer")
        return IceServers(read_servers(answer.get("iceServers"), self.name), expires_at)
