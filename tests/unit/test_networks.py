from typing import Any

import pytest

from signaling import networks

pytestmark = pytest.mark.unit


def test_another_public_address_is_another_network() -> None:
    assert networks.key("192.0.2.1") != networks.key("192.0.2.2")


def test_a_household_shares_its_ipv6_prefix() -> None:
    assert networks.key("2001:db8:0:1::5") == networks.key("2001:db8:0:ff::6")
    assert networks.key("2001:db8:0:1::5") != networks.key("2001:db8:1:1::5")


def test_an_organization_shares_its_ipv6_prefix() -> None:
    assert networks.site_key("2001:db8:0:1::5") == networks.site_key("2001:db8:0:ff00::6")
    assert networks.site_key("2001:db8:0:1::5") != networks.site_key("2001:db8:1:1::5")
    assert networks.site_key("::ffff:192.0.2.1") == networks.site_key("") == ""


def test_an_address_is_the_same_over_a_socket_for_both_versions() -> None:
    assert networks.key("::ffff:192.0.2.1") == networks.key("192.0.2.1")


def test_who_has_no_address_is_in_no_network() -> None:
    assert networks.key("") == ""


def test_the_key_does_not_tell_the_address(settings: Any) -> None:
    settings.SECRET_KEY = "north"  # another key may have these digits by chance
    assert "192" not in networks.key("192.0.2.1")
