"""The whole server over a fake desk, to look at pages and to attack it: `python tests/show/fake_server.py --port 6799`."""

import argparse
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
for name in [name for name in os.environ if name.startswith("NICEGUI_") or name == "PYTEST_CURRENT_TEST"]:
    del os.environ[name]


def main() -> None:
    from callboard.core.boundary import Boundary
    from callboard.guard.crew_token import CrewToken
    from callboard.guard.door import open_door
    from callboard.guard.running import announce, new_token, private_folder, withdraw

    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--host", default="127.0.0.1")
    words.add_argument("--port", type=int, default=6799)
    words.add_argument("--data", type=Path, default=None)
    words.add_argument("--calm", action="store_true", help="nothing moves by itself")
    words.add_argument("--rate", type=float, default=10.0, help="steps a second")
    words.add_argument("--changes", type=float, default=0.0, help="changes a second besides, each a message of its own")
    given = words.parse_args()
    data = given.data or Path(tempfile.mkdtemp(prefix="callboard-fake-"))
    door = open_door(given.host, given.port, Boundary())
    from callboard.show.server import serve
    from fake_desk import FakeDesk  # only now: what takes long to import comes when the door is open

    artifacts = data / "artifacts"
    artifacts.mkdir(parents=True, exist_ok=True)
    (artifacts / "report.html").write_text("<script>alert(1)</script>")
    (artifacts / "report.txt").write_text("plain\n")
    desk = FakeDesk(artifacts).furnish()
    stop = (lambda: None) if given.calm else desk.start(1 / given.rate)
    if given.changes:
        desk.storm(given.changes)
    token = new_token()
    announce(data, door.url, token)

    def ready(url: str) -> None:
        print(f"{url}/?token={token}", flush=True)

    try:
        serve(
            desk,
            token=token,
            door=door,
            sessions_file=private_folder(data / "run") / "sessions.json",
            crew_token=CrewToken(data),
            on_ready=ready,
        )
    finally:
        stop()
        withdraw(data)
    print("ended in order", flush=True)


if __name__ == "__main__":
    main()
