"""How much may go to addresses that nobody has shown to be the peer's."""


class Credit:
    """Bytes that came in. As many may go out to addresses that have not answered a check.

    A page names the addresses that the bot checks, and it may forge the sender of a check. By
    neither does it make the bot send a third party more than it could send there itself.
    """

    def __init__(self) -> None:
        self._bytes = 0

    def earn(self, count: int) -> None:
        """So many bytes came in."""
        self._bytes += count

    def spend(self, count: int, *, keep: int = 0) -> bool:
        """Whether so many bytes may go out. They are taken off then.

        :param keep: so many must be left.
        """
        if count + keep > self._bytes:
            return False
        self._bytes -= count
        return True
