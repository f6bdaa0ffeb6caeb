from dataclasses import asdict, dataclass
from enum import StrEnum


class Verdict(StrEnum):
    GOOD = "good"
    BAD = "bad"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Finding:
    """What one check found.

    :param subject: what was checked: a URL, a setting, a port.
    :param next_step: what to do about it; '' where there is nothing to do.
    """

    check: str
    subject: str
    verdict: Verdict
    detail: str
    next_step: str = ""

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


def good(check: str, subject: str, detail: str) -> Finding:
    return Finding(check, subject, Verdict.GOOD, detail)


def bad(check: str, subject: str, detail: str, next_step: str) -> Finding:
    return Finding(check, subject, Verdict.BAD, detail, next_step)


def skipped(check: str, subject: str, why: str) -> Finding:
    return Finding(check, subject, Verdict.SKIPPED, why)
