import uuid

import pytest

from calls import labels, tickets
from wire.errors import ProtocolError

pytestmark = pytest.mark.unit


def test_a_ticket_names_one_call() -> None:
    first, second = tickets.read(tickets.issue()), tickets.read(tickets.issue())
    assert first.is_fresh and second.is_fresh
    assert first.call_id != second.call_id


@pytest.mark.parametrize("forged", ["", "x", "a:b:c", "é"])
def test_a_forged_ticket_is_refused(forged: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        tickets.read(forged)
    assert caught.value.code == "ticket_invalid"


def test_a_changed_ticket_is_refused() -> None:
    ticket = tickets.issue()
    with pytest.raises(ProtocolError):
        tickets.read(("A" if ticket[0] != "A" else "B") + ticket[1:])


def test_an_old_ticket_opens_no_call(monkeypatch: pytest.MonkeyPatch) -> None:
    ticket = tickets.issue()
    monkeypatch.setattr(tickets, "TICKET_LIFE_S", -1)
    assert not tickets.read(ticket).is_fresh
    with pytest.raises(ProtocolError) as caught:
        tickets.read_fresh(ticket)
    assert caught.value.code == "ticket_expired"
    assert caught.value.retryable


def test_a_token_opens_its_own_call_only() -> None:
    mine, other = uuid.uuid4(), uuid.uuid4()
    assert tickets.check_token(str(mine), tickets.token_for(mine, "n")) == (mine, "n")
    for call_id, token in [
        (str(other), tickets.token_for(mine, "n")),
        (str(mine), ""),
        ("not a uuid", tickets.token_for(mine, "n")),
    ]:
        with pytest.raises(ProtocolError) as caught:
            tickets.check_token(call_id, token)
        assert caught.value.code == "call_unknown"


def test_a_ticket_is_no_token() -> None:
    ticket = tickets.issue()
    call_id = tickets.read(ticket).call_id
    with pytest.raises(ProtocolError):
        tickets.check_token(str(call_id), ticket)


def test_nothing_that_we_sign_passes_for_something_else() -> None:
    """All are signed with one key. What they are for is a part of each signature."""
    ticket, label = tickets.issue("hall 4"), labels.sign("hall 4")
    call_id = tickets.read(ticket).call_id
    assert labels.read(ticket) == ""
    for forged in (label, f"{call_id.hex}:{tickets.token_for(call_id, 'n')}"):
        with pytest.raises(ProtocolError):
            tickets.read(forged)
    for forged in (label.rpartition(":")[2], ticket.rpartition(":")[2]):
        with pytest.raises(ProtocolError):
            tickets.check_token(str(call_id), forged)
