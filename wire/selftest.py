"""The report of a self-test, which a page makes at ``/check/``."""

from typing import Annotated

from pydantic import Field, StringConstraints

from .constants import MAX_SELFTEST_BYTES
from .findings import Status
from .model import Detail, WireModel, parsed

Code = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")]


class SelfTestRow(WireModel):
    """The result of one check."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z-]{1,20}$")]
    status: Status
    found: Code
    data: Detail = Field(default_factory=dict, max_length=20)


class SelfTestReport(WireModel):
    """A self-test of one phone in one network."""

    verdict: Code
    rows: Annotated[list[SelfTestRow], Field(max_length=20)]
    user_agent: Annotated[str, StringConstraints(max_length=500)]


def parse_selftest(body: bytes) -> SelfTestReport:
    """:raises ProtocolError: ``too_large`` or ``bad_message``."""
    return parsed(SelfTestReport.model_validate_json, body, MAX_SELFTEST_BYTES)
