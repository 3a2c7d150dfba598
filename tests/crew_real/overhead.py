"""What watching costs a crew: the same workflow with and without the observer, one after the other in one process.

Run by an interpreter that has crewai, with CALLBOARD_CREW set: `python overhead.py '{"runs": 30, "pause": 0.1}'`. Prints one JSON
object with the seconds and CPU seconds of each run. The order within each pair is changed from pair to pair.
"""

import gc
import json
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import journal

observer = journal.callboard_crew_observer
from crewai.events import crewai_event_bus  # noqa: E402


def switch(hears, on):
    """Lets the observer hear the bus, or not."""
    import crewai.events as events

    for name in observer.EVENTS:
        kind = getattr(events, name, None)
        if kind is not None:
            (crewai_event_bus.register_handler if on else crewai_event_bus.off)(kind, hears)


def once(wish):
    """(seconds, CPU seconds, outputs) of one workflow; the CPU time is also that of sending what was heard at its end."""
    gc.collect()
    cpu, began = time.process_time(), time.perf_counter()
    told = journal.results(wish)
    took = time.perf_counter() - began
    time.sleep(0.7)
    return took, time.process_time() - cpu, told


def main(argv):
    wish = json.loads(argv[1]) if len(argv) > 1 else {}
    runs = int(wish.pop("runs", 30))
    hears = observer._observer.hear
    outputs = [once(wish)[2] for _ in range(2)]
    with_it, without, events = [], [], 0
    for pair in range(runs):
        for on in (True, False) if pair % 2 else (False, True):
            switch(hears, on)
            before = observer.state()["sent"]
            took = once(wish)
            outputs.append(took[2])
            (with_it if on else without).append(took[:2])
            events = observer.state()["sent"] - before if on else events
    state = observer.state()
    said = {
        "runs": runs, "facts_a_run": events, "state": state, "same": all(told == outputs[0] for told in outputs),
        "with": with_it, "without": without,
    }  # fmt: skip
    for place, name in enumerate(("seconds", "cpu")):
        on, off = ([row[place] for row in rows] for rows in (with_it, without))
        said[name] = {
            "with": statistics.median(on), "without": statistics.median(off),
            "added": statistics.median(a - b for a, b in zip(on, off, strict=True)),
        }  # fmt: skip
        said[name]["percent"] = 100 * said[name]["added"] / said["seconds"]["without"]
    sys.stdout.write("\nRESULT " + json.dumps(said) + "\n")


if __name__ == "__main__":
    main(sys.argv)
