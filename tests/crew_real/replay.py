"""A crew's program without CrewAI: watched by the real observer, it says what a real crew said.

`python replay.py sequential failed`; see stand_in/crewai.
"""

import sys
import time

import callboard_crew_observer
from crewai.events import crewai_event_bus

callboard_crew_observer.watch("journal")
for number, stream in enumerate(sys.argv[1:]):
    crewai_event_bus.replay(stream, mark=f"{number}-")
    time.sleep(0.05)
for strange in (None, 7, object()):
    for handler in list(crewai_event_bus.handlers.values()):
        handler(strange, strange)  # a half-broken event hurts nobody
print(callboard_crew_observer.state())
