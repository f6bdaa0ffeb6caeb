"""Labels of the places that people come from. They are signed, so that nobody can invent one."""

from django.core import signing

MAX_CHARS = 60
SELF_TEST = "self-test"
"""The label of the test calls that ``/check/`` makes: nobody talks in them."""
_SALT = "voicedemo.source"


def sign(label: str) -> str:
    """The token that carries the label in a link.

    :raises ValueError: it is empty, or longer than ``MAX_CHARS``.
    """
    if not 0 < len(label) <= MAX_CHARS:
        raise ValueError(f"a label has 1 to {MAX_CHARS} characters")
    return signing.Signer(salt=_SALT).sign_object(label)


def read(token: str) -> str:
    """The label in a token; '' if the token is damaged or was signed by somebody else."""
    try:
        return str(signing.Signer(salt=_SALT).unsign_object(token))
    except (signing.BadSignature, ValueError):
        return ""
