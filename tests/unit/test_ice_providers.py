"""Cloud providers against an HTTPS server that answers as their documentation says."""

import asyncio
import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from signaling.ice.base import Provider, ProviderError
from signaling.ice.cloudflare import CloudflareProvider
from signaling.ice.metered import MeteredProvider
from signaling.ice.twilio import TwilioProvider
from signaling.ice.xirsys import XirsysProvider
from tests.certificates import self_signed
from tests.vendor import HERE, Vendor

pytestmark = pytest.mark.unit

TTL = timedelta(minutes=45)
TURN = ["turn:turn.example:3478?transport=udp", "turns:turn.example:443?transport=tcp"]
CREDENTIAL = {"username": "somebody", "credential": "something"}


@pytest.fixture
def vendor(tmp_path: Path) -> Iterator[Vendor]:
    running = Vendor(*self_signed(tmp_path, HERE))
    yield running
    running.close()


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def cloudflare(vendor: Vendor) -> Provider:
    return CloudflareProvider("key-id", "s3cr3t", api=vendor.api, tls=vendor.tls)


def twilio(vendor: Vendor) -> Provider:
    return TwilioProvider("AC0", "AC0", "s3cr3t", api=vendor.api, tls=vendor.tls)


def metered(vendor: Vendor) -> Provider:
    return MeteredProvider("demo.metered.live", "s3cr3t", "europe", api=vendor.api, tls=vendor.tls)


def xirsys(vendor: Vendor) -> Provider:
    return XirsysProvider("channel", "ident", "s3cr3t", api=vendor.api, tls=vendor.tls)


async def test_cloudflare(vendor: Vendor) -> None:
    """https://developers.cloudflare.com/realtime/turn/generate-credentials/"""
    vendor.answer(
        {"iceServers": [{"urls": ["stun:stun.example:3478"]}, {"urls": TURN, **CREDENTIAL}]}, 201
    )
    issued = await cloudflare(vendor).issue("call-1", TTL)
    (asked,) = vendor.asked
    assert asked == {
        "method": "POST",
        "path": "/v1/turn/keys/key-id/credentials/generate-ice-servers",
        "query": {},
        "authorization": "Bearer s3cr3t",
        "type": "application/json",
        "body": '{"ttl":2700}',
    }
    assert [s.urls for s in issued.servers] == [["stun:stun.example:3478"], TURN]
    assert issued.servers[1].username == "somebody"
    assert issued.servers[1].credential == "something"
    assert issued.expires_at is not None
    assert abs(issued.expires_at - datetime.now(UTC) - TTL) < timedelta(seconds=10)


async def test_twilio(vendor: Vendor) -> None:
    """https://www.twilio.com/docs/stun-turn/api"""
    vendor.answer(
        {
            "username": "somebody",
            "password": "something",
            "ttl": "600",
            "ice_servers": [
                {"url": "stun:stun.example:3478", "urls": "stun:stun.example:3478"},
                {"url": TURN[0], "urls": TURN[0], **CREDENTIAL},
            ],
        },
        201,
    )
    issued = await twilio(vendor).issue("call-1", TTL)
    (asked,) = vendor.asked
    assert asked == {
        "method": "POST",
        "path": "/2010-04-01/Accounts/AC0/Tokens.json",
        "query": {},
        "authorization": basic("AC0", "s3cr3t"),
        "type": "application/x-www-form-urlencoded",
        "body": "Ttl=2700",
    }
    assert [s.urls for s in issued.servers] == [["stun:stun.example:3478"], [TURN[0]]]
    assert issued.expires_at is not None  # the lifetime that Twilio gives, not the one asked for
    assert issued.expires_at - datetime.now(UTC) < timedelta(minutes=11)


async def test_metered(vendor: Vendor) -> None:
    """https://www.metered.ca/docs/turn-rest-api/post-create-credential and get-credential"""
    made = {"username": "u", "password": "p", "expiryInSeconds": 2700, "apiKey": "the-api-key"}
    vendor.answer(made)
    vendor.answer([{"urls": "stun:stun.example:80"}, {"urls": TURN[0], **CREDENTIAL}])
    issued = await metered(vendor).issue("call-1", TTL)
    post, get = vendor.asked
    assert (post["method"], post["path"]) == ("POST", "/api/v1/turn/credential")
    assert post["query"] == {"secretKey": ["s3cr3t"]}
    assert json.loads(post["body"]) == {"expiryInSeconds": 2700, "label": "call-1"}
    assert (get["method"], get["path"]) == ("GET", "/api/v1/turn/credentials")
    assert get["query"] == {"apiKey": ["the-api-key"], "region": ["europe"]}
    assert [s.urls for s in issued.servers] == [["stun:stun.example:80"], [TURN[0]]]


@pytest.mark.parametrize("as_list", [True, False])
async def test_xirsys(vendor: Vendor, *, as_list: bool) -> None:
    """https://docs.xirsys.com/?pg=api-turn"""
    server = {"urls": TURN, **CREDENTIAL}
    vendor.answer({"s": "ok", "v": {"iceServers": [server] if as_list else server}})
    issued = await xirsys(vendor).issue("call-1", TTL)
    (asked,) = vendor.asked
    assert (asked["method"], asked["path"]) == ("PUT", "/_turn/channel")
    assert asked["authorization"] == basic("ident", "s3cr3t")
    assert json.loads(asked["body"]) == {"format": "urls", "expire": 2700}
    assert [s.urls for s in issued.servers] == [TURN]


async def test_xirsys_says_no_with_status_200(vendor: Vendor) -> None:
    vendor.answer({"s": "error", "v": "unauthorized"})
    with pytest.raises(ProviderError, match="unauthorized"):
        await xirsys(vendor).issue("call-1", TTL)


ALL = [cloudflare, twilio, metered, xirsys]


@pytest.mark.parametrize("make", ALL)
@pytest.mark.parametrize("status", [401, 429, 500])
async def test_a_refusal_names_the_status_and_no_secret(
    vendor: Vendor, make: Any, status: int
) -> None:
    vendor.answer({"error": "s3cr3t"}, status, Retry_After="17")
    with pytest.raises(ProviderError, match=f"HTTP {status}") as raised:
        await make(vendor).issue("call-1", TTL)
    assert raised.value.retry_after == timedelta(seconds=17)
    assert "s3cr3t" not in str(raised.value)


@pytest.mark.parametrize("make", ALL)
@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b'"s"', b'{"iceServers":7,"s":"ok"}'])
async def test_a_malformed_answer_is_an_error(vendor: Vendor, make: Any, body: bytes) -> None:
    vendor.answer(body)
    vendor.answer(body)
    with pytest.raises(ProviderError):
        await make(vendor).issue("call-1", TTL)


@pytest.mark.parametrize("make", ALL)
async def test_a_dead_vendor_is_an_error(vendor: Vendor, make: Any) -> None:
    provider = make(vendor)
    await asyncio.to_thread(vendor._server.server_close)
    with pytest.raises(ProviderError, match="Connect"):
        await provider.issue("call-1", TTL)
