import ssl
from datetime import UTC, datetime, timedelta

from .base import IceServers, ProviderError
from .http import ask, read_servers

API = "https://api.twilio.com"
MAX_TTL = timedelta(hours=24)


class TwilioProvider:
    """Twilio's Network Traversal Service.

    ``POST /2010-04-01/Accounts/{sid}/Tokens.json`` takes HTTP Basic authentication and the form
    field ``Ttl``, and answers 201 with ``ice_servers`` and ``ttl`` as a string
    (https://www.twilio.com/docs/stun-turn/api). It has no ``turns:`` URLs: its TCP on port 443 is
    not encrypted.

    :param user: the SID of the account or of an API key.
    """

    name = "twilio"

    def __init__(
        self,
        account_sid: str,
        user: str,
        secret: str,
        *,
        api: str = API,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._url = f"{api}/2010-04-01/Accounts/{account_sid}/Tokens.json"
        self._auth = (user, secret)
        self._tls = tls

    async def issue(self, call_id: str, ttl: timedelta) -> IceServers:
        asked = datetime.now(UTC)
        answer = await ask(
            "POST",
            self._url,
            tls=self._tls,
            auth=self._auth,
            data={"Ttl": str(int(min(ttl, MAX_TTL).total_seconds()))},
        )
        try:
            expires_at = asked + timedelta(seconds=int(answer["ttl"]))
            listed = answer["ice_servers"]
        except (TypeError, KeyError, ValueError):
            raise ProviderError("twilio: no token in the answer") from None
        return IceServers(read_servers(listed, self.name), expires_at)
