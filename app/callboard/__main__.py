"""`python -m callboard` and the command `callboard`."""

import sys

from callboard.cli import run


def main() -> None:
    """Runs a command and exits with its code."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
