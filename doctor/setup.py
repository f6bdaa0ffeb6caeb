"""The set-up that the doctor examines."""

from collections.abc import Collection
from dataclasses import dataclass, field

from signaling.ice.base import Provider


@dataclass(frozen=True)
class Setup:
    """The settings of a server, free of Django.

    :ivar bind: the address that the pages listen on.
    :ivar public_url: ``https://…`` where phones reach the server; '' on a developer's machine.
    :ivar stun_is_default: nobody has chosen these STUN servers.
    :ivar clock_url: a web server whose clock is right.
    :ivar env_file: the file that settings were read from; '' if there is none.
    :ivar env_file_names: names of the settings in it.
    """

    secret_key: str
    debug: bool
    allowed_hosts: list[str]
    public_url: str
    public_ips: list[str]
    media_port: int
    bind: str
    proxies: int
    stun_urls: list[str]
    stun_is_default: bool = False
    providers: list[Provider] = field(default_factory=list)
    clock_url: str = "https://www.cloudflare.com"
    env_file: str = ""
    env_file_names: Collection[str] = ()

    @property
    def in_production(self) -> bool:
        """Phones reach it from anywhere, so that more is needed than on a developer's machine."""
        return bool(self.public_url)
