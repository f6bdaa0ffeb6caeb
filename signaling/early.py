"""What a page says before the offer that opens its call."""

from wire.errors import ProtocolError
from wire.page import Candidate, Report

# A browser sends a handful.
MAX_MESSAGES = 100
MAX_BYTES = 64 * 1024


class Early:
    """Candidates and reports that wait for the offer."""

    def __init__(self) -> None:
        self._messages: list[Candidate | Report] = []
        self._bytes = 0

    def keep(self, message: Candidate | Report) -> None:
        """:raises ProtocolError: ``no_call`` if too much waits already."""
        self._bytes += len(message.to_json().encode())
        if len(self._messages) >= MAX_MESSAGES or self._bytes > MAX_BYTES:
            raise ProtocolError("no_call", "there is no call on this socket yet")
        self._messages.append(message)

    def forget_candidates(self) -> None:
        """Keep the reports alone. The page makes another peer connection."""
        reports = [message for message in self.take() if isinstance(message, Report)]
        for report in reports:
            self.keep(report)

    def take(self) -> list[Candidate | Report]:
        """Take everything out."""
        messages, self._messages, self._bytes = self._messages, [], 0
        return messages
