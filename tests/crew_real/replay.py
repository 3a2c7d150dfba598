"""A crew's program without CrewAI: watched by the real observer, it says what a real crew said.

`python replay.py sequential failed`; see stand_in/crewai.
"""

import os
import sys
import time

import callboard_crew_observer
from crewai.events import crewai_event_bus

WAIT_S = float(os.environ.get("REPLAY_WAIT_S", "20"))

callboard_crew_observer.watch("journal")
for number, stream in enumerate(sys.argv[1:]):
    crewai_event_bus.replay(stream, mark=f"{number}-")
    time.sleep(0.05)
for strange in (None, 7, object()):
    for handler in list(crewai_event_bus.handlers.values()):
        handler(strange, strange)  # a half-broken event hurts nobody
end = time.monotonic() + WAIT_S  # the observer itself would only wait a second at the end, however busy the machine is
while callboard_crew_observer.state()["waiting"] and time.monotonic() < end:
    time.sleep(0.05)
print(callboard_crew_observer.state())
