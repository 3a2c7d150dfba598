"""Run as a program of its own: starts a service that outlives the attempt that asked for it.

Arguments: the file for its output, then the words of its command. Prints the pid of the service, and a line that
begins with '!' when the command could not be started. The service has a session of its own and no living parent.
"""

import os
import sys


def start(output: str, words: list[str]) -> None:
    """Forks; the parent ends at once, the child becomes the service."""
    if os.fork():
        os._exit(0)
    os.setsid()
    report = os.dup(1)
    os.set_inheritable(report, False)
    os.write(report, f"{os.getpid()}\n".encode())
    target = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(target, 1)
    os.dup2(target, 2)
    os.close(target)
    try:
        os.execvp(words[0], words)  # noqa: S606 - an argv list is meant, no shell
    except OSError as error:
        os.write(report, f"!{words[0]}: {error.strerror}\n".encode("utf-8", "replace"))
    os._exit(127)


if __name__ == "__main__":
    start(sys.argv[1], sys.argv[2:])
