"""How many cores are used by what is not ours."""

from collections import deque

SMOOTH_S = 5.0
LOOKS = 3


class Others:
    """`cores` follows what single looks say.

    Of the last LOOKS looks the least counts: what an attempt used between the last look and its end is seen by none, and
    would pass for the work of others. From then on it is smoothed over SMOOTH_S seconds; our own start is over by then.
    """

    def __init__(self) -> None:
        self.cores = 0.0
        self._recent: deque[float] = deque(maxlen=LOOKS)

    def take(self, cores: float, seconds: float) -> None:
        """What one look saw over so many seconds."""
        self._recent.append(cores)
        weight = min(1.0, seconds / SMOOTH_S) if len(self._recent) == LOOKS else 1.0
        self.cores += weight * (min(self._recent) - self.cores)
