"""Where people come from: a label on a link, signed, so that nobody can write one in our books."""

from django.core import signing

MAX_CHARS = 60
SELF_TEST = "self-test"
"""Of the calls that ``/check/`` makes: nobody talks in them."""
_SALT = "voicedemo.source"


def sign(label: str) -> str:
    """What stands for the label in a link.

    :raises ValueError: where it is empty, or longer than ``MAX_CHARS``.
    """
    if not 0 < len(label) <= MAX_CHARS:
        raise ValueError(f"a label has 1 to {MAX_CHARS} characters")
    return signing.Signer(salt=_SALT).sign_object(label)


def read(token: str) -> str:
    """The label; '' where the token is none of ours. A link on a poster must work all the same."""
    try:
        return str(signing.Signer(salt=_SALT).unsign_object(token))
    except (signing.BadSignature, ValueError):
        return ""
