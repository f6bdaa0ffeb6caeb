"""The base class of all messages, and the field types that several messages share."""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic.alias_generators import to_camel
from pydantic.json_schema import SkipJsonSchema

from .constants import MAX_MESSAGE_BYTES, MAX_SDP_CHARS
from .errors import ProtocolError

Parsed = TypeVar("Parsed")


class WireModel(BaseModel):
    """A message or a part of one.

    Fields are snake case in Python and camel case in JSON, as the WebRTC API spells its
    dictionaries.
    """

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        frozen=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,  # it may be an SDP or a credential
    )

    def to_json(self) -> str:
        return self.model_dump_json(by_alias=True)


Generation = Annotated[int, Field(ge=1, le=1_000_000)]
"""An ICE generation of a call: 1 for its first offer, one more with each ICE restart."""
Sdp = Annotated[str, StringConstraints(min_length=1, max_length=MAX_SDP_CHARS)]
ShortText = Annotated[str, StringConstraints(max_length=200)]
EpochMs = Annotated[int, Field(ge=0, le=2**53)]
Detail = dict[ShortText, ShortText | float | bool | None]
"""Flat facts about an event."""


class IceCandidate(WireModel):
    """``RTCIceCandidateInit`` (W3C WebRTC, 4.8.1.1)."""

    candidate: Annotated[str, StringConstraints(max_length=1024)]
    sdp_mid: Annotated[str, StringConstraints(max_length=64)] | None = None
    sdp_m_line_index: Annotated[int, Field(ge=0, le=65535)] | None = None
    username_fragment: Annotated[str, StringConstraints(max_length=256)] | None = None


def _is_none(value: object) -> bool:
    return value is None


class IceServer(WireModel):
    """``RTCIceServer`` (W3C WebRTC, 4.2.4)."""

    urls: list[str]
    # A browser reads a null here as the text "null", so what is missing is left out.
    username: str | SkipJsonSchema[None] = Field(default=None, exclude_if=_is_none)
    credential: str | SkipJsonSchema[None] = Field(default=None, repr=False, exclude_if=_is_none)


def parsed(
    parse: Callable[[Any], Parsed], text: str | bytes, limit: int = MAX_MESSAGE_BYTES
) -> Parsed:
    """Read a JSON text with a pydantic parser, which bounds the nesting itself.

    :param limit: the longest text that is read.
    :raises ProtocolError: ``too_large`` or ``bad_message``. The error quotes no input, because
        the input may be an SDP.
    """
    if len(text) > limit:
        raise ProtocolError("too_large", f"messages are limited to {limit} bytes")
    try:
        return parse(text)
    except ValidationError as exc:
        raise ProtocolError("bad_message", _first_problem(exc)) from None


def _first_problem(exc: ValidationError) -> str:
    problem = exc.errors(include_input=False, include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in problem["loc"])
    return f"{where}: {problem['msg']}"[:200] if where else problem["msg"][:200]
