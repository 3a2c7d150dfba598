"""The platform's crew: for each line of its input a journal is made by nine agents and posted to the API.

`python crew_main.py PORT NOTES`, with `journal.py` beside it. An answer is one line: what was made, as JSON.
"""

import json
import sys
import urllib.request
from pathlib import Path

from platform_main import note_signals


def post(port: int, journal: str, text: str) -> None:
    """One entry; the API's answer is not needed."""
    body = json.dumps({"journal": journal, "text": text}).encode()
    headers = {"Content-Type": "application/json", "User-Agent": "crew"}
    wish = urllib.request.Request(f"http://127.0.0.1:{port}/entries", body, headers)
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(wish, timeout=60).close()


def main() -> None:
    import journal

    note_signals(Path(sys.argv[2]))
    print("READY", flush=True)
    for line in sys.stdin:
        wish = json.loads(line)
        outputs = journal.results({"pause": 0.05, "subjects": [wish["subject"]]})
        for text in outputs[0]["tasks"]:
            post(int(sys.argv[1]), wish["journal"], text)
        print("RESULT " + json.dumps(outputs, sort_keys=True), flush=True)


if __name__ == "__main__":
    main()
