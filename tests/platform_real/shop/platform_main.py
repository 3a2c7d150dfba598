"""A small platform as a team would have it: an API on one port, a static frontend on another. It notes each request and signal.

`python platform_main.py api|front PORT NOTES`; it ends when its standard input does.
"""

import asyncio
import functools
import hashlib
import http.server
import os
import signal
import sys
import threading
from pathlib import Path

HERE = Path(__file__).resolve().parent
QUIET = {
    "SIGCHLD",
    "SIGKILL",
    "SIGSTOP",
    "SIGPIPE",
    "SIGSEGV",
    "SIGFPE",
    "SIGILL",
    "SIGBUS",
    "SIGABRT",
    "SIGTRAP",
    "SIGSYS",
}


def note(folder: Path, file: str, line: str) -> None:
    """Adds a line in one write."""
    handle = os.open(folder / file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(handle, f"{line}\n".encode())
    os.close(handle)


def note_signals(folder: Path) -> None:
    """Every signal that can be caught is written down, and nothing else happens."""
    for number in signal.valid_signals():
        name = signal.Signals(number).name if number in set(signal.Signals) else str(int(number))
        if name not in QUIET and int(number) < 32:
            signal.signal(number, lambda got, frame: note(folder, "signals.log", signal.Signals(got).name))


def make_app(folder: Path | None = None):
    """The API: entries of a journal, kept in memory."""
    from fastapi import FastAPI, Request
    from pydantic import BaseModel

    app = FastAPI(title="Journal")
    entries: dict[str, list[str]] = {}

    class Entry(BaseModel):
        journal: str
        text: str

    if folder is not None:

        @app.middleware("http")
        async def noted(request: Request, answer):
            note(folder, "access.log", f"{request.method} {request.url.path} {request.headers.get('user-agent', '-')}")
            return await answer(request)

    @app.post("/entries")
    def add(entry: Entry) -> dict[str, str]:
        mark = entry.text
        for _ in range(600):
            mark = hashlib.sha256(mark.encode()).hexdigest()
        kept = entries.setdefault(entry.journal[:100], [])
        if len(kept) < 1000:
            kept.append(entry.text)
        return {"mark": mark}

    @app.get("/journals/{name}")
    def journal(name: str) -> list[str]:
        return entries.get(name, [])

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"state": "well"}

    return app


app = make_app()


def serve_api(port: int, folder: Path) -> None:
    import uvicorn

    class Server(uvicorn.Server):
        def install_signal_handlers(self) -> None:
            """Ours stay."""

        from contextlib import contextmanager

        @contextmanager
        def capture_signals(self):
            yield

    server = Server(uvicorn.Config(make_app(folder), host="127.0.0.1", port=port, log_level="warning"))
    threading.Thread(target=lambda: (sys.stdin.read(), setattr(server, "should_exit", True)), daemon=True).start()
    asyncio.run(server.serve())


def serve_front(port: int, folder: Path) -> None:
    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_) -> None:
            note(folder, "access.log", f"{self.command} {self.path} {self.headers.get('user-agent', '-')}")

    handler = functools.partial(Handler, directory=str(HERE / "static"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        threading.Thread(target=lambda: (sys.stdin.read(), server.shutdown()), daemon=True).start()
        server.serve_forever(0.1)


if __name__ == "__main__":
    where = Path(sys.argv[3])
    note_signals(where)
    (serve_api if sys.argv[1] == "api" else serve_front)(int(sys.argv[2]), where)
