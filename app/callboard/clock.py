"""The real clock: wall time that never goes back while the program runs."""

import time


class SystemClock:
    """`wall` follows the monotonic clock from the moment of making, so that a clock set back loses nothing."""

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def wall(self) -> float:
        """Seconds since the epoch."""
        return time.monotonic() + self._offset

    def mono(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()
