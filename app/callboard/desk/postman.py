"""The postman: hears what happens, makes notices of it for the channels that want them, and delivers what is due."""

import logging
import threading
import time
from collections import deque

from callboard.core.case_events import CaseMoved, CaseNoted, CaseOpened
from callboard.core.case_facts import CaseState
from callboard.core.events import AlertRaised, AttemptEnded, Event, QuestionAsked
from callboard.core.notices import News, again_at, messages
from callboard.core.run import Run
from callboard.core.task import TaskState
from callboard.core.words import sentence
from callboard.desk.notices import Notices
from callboard.engine import Engine, Published
from callboard.errors import CallboardError
from callboard.guard.running import running_server
from callboard.live import LiveFeed
from callboard.record.news import News as Told

logger = logging.getLogger(__name__)

LOOK_S = 5.0
BURST_S = 0.3
LONGEST_GAP_S = 86_400.0
HOUR_S = 3_600.0
MOST_NEWS = 2_000
RUN_SEVERITY = {"failed": "medium", "unknown": "low", "succeeded": "info", "cancelled": "info"}


class Postman:
    """One thread beside the engine, from `start` to `stop`."""

    def __init__(self, engine: Engine, desk: Notices, feed: LiveFeed) -> None:
        self._engine = engine
        self._desk = desk
        self._feed = feed
        self._count = 0
        self._news: deque[News] = deque(maxlen=MOST_NEWS)
        self._woken = threading.Event()
        self._closing = False
        self._listens = False
        self._thread = threading.Thread(target=self._work, name="postman", daemon=True)

    def start(self) -> None:
        """Begins; the engine runs already."""
        self._listens = bool(self._desk.channels()[1])
        self._engine.watchers.append(self._hear)
        if self._listens:
            self._news.extend(self._missed())
        self._thread.start()

    def stop(self) -> None:
        """Ends after the message under way."""
        self._closing = True
        self._woken.set()
        self._thread.join(20.0)

    def step(self) -> float:
        """Makes notices of what was heard and delivers what is due; returns for how many seconds there is nothing to do."""
        config, channels = self._desk.channels()
        self._listens = bool(channels)
        if not channels:
            self._news.clear()
            return LOOK_S
        heard = [self._news.popleft() for _ in range(len(self._news))]
        if heard:
            self._desk.tell_news(heard)
        now = time.time()
        record = self._desk.notice_record
        due = record.due(now)
        sent = record.sent_since(now - HOUR_S) if due else {}
        server = running_server(self._desk.data) if due else None
        for name, table in channels.items():
            mine = [one for one in due if one.channel == name]
            for message in messages(mine, sent.get(name, 0), table.channel, server.address if server else ""):
                if self._closing:
                    return 0.0
                tries = max(one.tries for one in message.notices) + 1
                self._desk.deliver(table, message, config, again_at(tries, time.time()))
                self._count += 1
                self._feed.note("notices", self._count)
        after = record.next_due()
        return LOOK_S if after is None else min(LOOK_S, max(BURST_S, after - time.time()))

    def _work(self) -> None:
        wait = 0.0
        while not self._closing:
            if self._woken.wait(wait):
                time.sleep(BURST_S)  # what comes in a burst is told together
            self._woken.clear()
            try:
                wait = self.step()
            except CallboardError as error:
                logger.debug("Notices wait: %s", error)
                wait = LOOK_S
            except Exception:
                logger.exception("The postman stumbled")
                wait = LOOK_S

    def _hear(self, published: Published) -> None:
        """On the engine's thread."""
        if not self._listens:
            return
        for _, event in published.events:
            self._note(event)
        for run in {task.run.id: task.run for task in published.tasks if not task.run.unfinished}.values():
            self._news.append(run_news(run))
        if self._news:
            self._woken.set()

    def _note(self, event: Event) -> None:
        state = self._engine.state
        match event:
            case AlertRaised():
                alert = state.alerts.get(event.key)
                if alert is not None and alert.opened == event.at:
                    about = f"{alert.key}:{alert.opened:.3f}"
                    title, link = alert.title, f"/alerts#{alert.id}"
                    self._news.append(News("alert", about, alert.severity, title, alert.text, link, event.at))
            case QuestionAsked():
                about, link = f"{event.run}.{event.task}#{event.attempt}:{event.question}", "/inbox"
                title = f"A question of task {event.run}.{event.task}: {event.text}"
                self._news.append(News("question", about, "high", title, ", ".join(event.choices), link, event.at))
            case AttemptEnded(outcome=TaskState.NEEDS_DECISION):
                about = f"{event.run}.{event.task}#{event.attempt}"
                title = f"Task {event.run}.{event.task} needs a decision"
                self._news.append(News("question", about, "high", title, sentence(event), "/inbox", event.at))
            case CaseOpened():
                tasks = {symptom.task for symptom in event.symptoms}
                if not any(f"{alert.run}.{alert.task}" in tasks for alert in state.alerts):  # else it is told already
                    news = case_news(event.case, event.severity, "opened", event.title, event.cause.words, event.at)
                    self._news.append(news)
            case CaseMoved() | CaseNoted(kind="asks"):
                self._note_case(event)
            case _:
                pass

    def _note_case(self, event: CaseMoved | CaseNoted) -> None:
        """That a case came back, was closed, or waits for a person's word."""
        case = self._engine.state.cases.get(event.case)
        if case is None:
            return
        what = ""
        if isinstance(event, CaseNoted):
            what = "asks you"
        elif event.state == CaseState.CLOSED:
            what = "is closed"
        elif event.state == CaseState.NEW and case.reopened and case.opened == event.at:
            what = "is back"
        elif event.state == CaseState.FIX_PROPOSED:
            what = "has a fix to look at"
        if what:
            self._news.append(case_news(case.id, case.severity, what, case.title, event.words, event.at))

    def _missed(self) -> list[News]:
        """What happened while nobody listened, as far as the record tells: alerts that stand, and runs that ended."""
        now = time.time()
        last = self._desk.notice_record.last_made()
        since = max(now - LONGEST_GAP_S, last if last is not None else now)
        alerts = self._engine.inspect(lambda state: [a for a in state.alerts if a.opened >= since])
        found = [
            News("alert", f"{alert.key}:{alert.opened:.3f}", alert.severity, alert.title, alert.text,
                 f"/alerts#{alert.id}", now)
            for alert in alerts
        ]  # fmt: skip
        runs = Told(self._desk.notice_record.database).runs_ended(since)
        return found + [run_words(row["id"], row["name"], row["state"], row["ended"]) for row in runs]


def case_news(case: int, severity: str, what: str, title: str, words: str, at: float) -> News:
    """That something became of a case."""
    return News("case", f"{case}:{what}:{at:.3f}", severity, f"C{case} {what}: {title}", words, f"/cases/{case}", at)


def run_news(run: Run) -> News:
    """That a run is over."""
    return run_words(run.id, run.name, run.state, run.ended or run.submitted)


def run_words(number: int, name: str, state: str, at: float) -> News:
    """The same, by what is kept of it."""
    return News(
        "run", f"{number}:{at:.3f}", RUN_SEVERITY.get(state, "info"), f"Run {number} '{name}': {state}", "", f"/runs/{number}",
        at,
    )  # fmt: skip
