"""The findings of the doctor's checks."""

from dataclasses import dataclass

from wire.findings import Status


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    :ivar subject: what was checked: a URL, a setting, a port.
    :ivar next_step: what to do about it; '' if there is nothing to do.
    """

    check: str
    subject: str
    status: Status
    detail: str
    next_step: str = ""

    def as_dict(self) -> dict[str, str]:
        """The finding as ``doctor --json`` prints it. The status is called verdict there."""
        return {
            "check": self.check,
            "subject": self.subject,
            "verdict": self.status,
            "detail": self.detail,
            "next_step": self.next_step,
        }


def good(check: str, subject: str, detail: str) -> Finding:
    return Finding(check, subject, Status.GOOD, detail)


def bad(check: str, subject: str, detail: str, next_step: str) -> Finding:
    return Finding(check, subject, Status.BAD, detail, next_step)


def skipped(check: str, subject: str, why: str) -> Finding:
    return Finding(check, subject, Status.SKIPPED, why)


def lacking(
    check: str, subject: str, detail: str, next_step: str, *, in_production: bool
) -> Finding:
    """Something that only production needs.

    :param in_production: False makes it a warning, with the step for production.
    """
    if in_production:
        return bad(check, subject, detail, next_step)
    return Finding(check, subject, Status.WARNING, detail, f"For production: {next_step}")
