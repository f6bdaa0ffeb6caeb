import ssl
from datetime import UTC, datetime, timedelta

from .base import IceServers, ProviderError
from .http import ask, read_servers

API = "https://global.xirsys.net"


class XirsysProvider:
    """Xirsys' TURN service.

    ``PUT /_turn/{channel}`` takes HTTP Basic authentication and
    ``{"format": "urls", "expire": seconds}``. It answers ``{"s": "ok", "v": {"iceServers": ...}}``,
    where the servers are a list or one object. An error has status 200 as well, ``"s": "error"``,
    and the reason in ``v`` (https://docs.xirsys.com/?pg=api-turn).

    :param region: the host name of one of its gateways, without ``.xirsys.net``.
    """

    name = "xirsys"

    def __init__(
        self,
        channel: str,
        ident: str,
        secret: str,
        region: str = "",
        *,
        api: str = "",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        gateway = api or (f"https://{region}.xirsys.net" if region else API)
        self._url = f"{gateway}/_turn/{channel}"
        self._auth = (ident, secret)
        self._tls = tls

    async def issue(self, call_id: str, ttl: timedelta) -> IceServers:
        expires_at = datetime.now(UTC) + ttl
        answer = await ask(
            "PUT",
            self._url,
            tls=self._tls,
            auth=self._auth,
            json={"format": "urls", "expire": int(ttl.total_seconds())},
        )
        try:
            if answer["s"] != "ok":
                raise ProviderError(f"xirsys: {str(answer['v'])[:60]}")
            listed = answer["v"]["iceServers"]
        except (TypeError, KeyError):
            raise ProviderError("xirsys: no ICE servers in the answer") from None
        return IceServers(read_servers(listed, self.name), expires_at)
