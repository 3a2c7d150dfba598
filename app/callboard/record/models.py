"""The tables, as peewee models; they are bound to a database when one is opened."""

from peewee import (
    SQL,
    AutoField,
    BooleanField,
    CharField,
    CompositeKey,
    FloatField,
    IntegerField,
    Model,
    TextField,
)


class EventRow(Model):
    """The append-only log."""

    seq = AutoField()
    at = FloatField()
    kind = CharField()
    run = IntegerField(null=True)
    task = IntegerField(null=True)
    body = TextField()

    class Meta:
        table_name = "event"
        indexes = ((("run", "task", "seq"), False),)


class RunRow(Model):
    """How each run stands."""

    id = IntegerField(primary_key=True)
    name = CharField()
    workspace = CharField()
    by = CharField()
    trigger = CharField()
    priority = IntegerField()
    submitted = FloatField()
    started = FloatField(null=True)
    ended = FloatField(null=True)
    state = CharField()
    cancelled = BooleanField()
    total = IntegerField()
    unfinished = IntegerField()
    unknowns = IntegerField()
    counts = TextField()
    by_hand = IntegerField(default=0, constraints=[SQL("DEFAULT 0")])
    key = CharField(index=True)
    git = TextField(default="{}")

    class Meta:
        table_name = "run"


class TaskRow(Model):
    """How each task stands; `spec` is what was asked for, `hand` a person's hand on it if there is one, both as JSON."""

    run = IntegerField()
    place = IntegerField()
    name = CharField()
    agent = CharField()
    action = CharField()
    spec = TextField()
    remaining = FloatField()
    state = CharField()
    verdict = CharField(null=True)
    reason = TextField()
    attempt = IntegerField()
    decided = FloatField(null=True)
    started = FloatField(null=True)
    ended = FloatField(null=True)
    cpu_s = FloatField()
    peak_mb = FloatField()
    read_mb = FloatField()
    written_mb = FloatField()
    held = TextField()
    findings = TextField()
    hand = TextField(default="", constraints=[SQL("DEFAULT ''")])

    class Meta:
        table_name = "task"
        primary_key = CompositeKey("run", "place")
        indexes = ((("agent", "ended"), False),)


class AttemptRow(Model):
    """Each try at a task."""

    run = IntegerField()
    task = IntegerField()
    attempt = IntegerField()
    epoch = IntegerField()
    why = TextField()
    decided = FloatField()
    started = FloatField(null=True)
    ended = FloatField(null=True)
    pid = IntegerField(null=True)
    how = CharField(null=True)
    outcome = CharField(null=True)
    verdict = CharField(null=True)
    code = IntegerField(null=True)
    reason = TextField()
    cpu_s = FloatField()
    peak_mb = FloatField()
    read_mb = FloatField()
    written_mb = FloatField()
    data_age_days = FloatField(null=True)

    class Meta:
        table_name = "attempt"
        primary_key = CompositeKey("run", "task", "attempt")


class FindingRow(Model):
    """What attempts noticed; `id` as in `callboard.record.log.finding_id`."""

    id = IntegerField(primary_key=True)
    run = IntegerField()
    task = IntegerField()
    attempt = IntegerField()
    at = FloatField()
    agent = CharField()
    rule = CharField()
    severity = CharField()
    path = CharField()
    line = IntegerField()
    column = IntegerField()
    message = TextField()
    help = TextField()
    tool = CharField()
    tool_version = CharField()
    fingerprint = CharField(index=True)
    accepted = CharField(default="", constraints=[SQL("DEFAULT ''")])
    since = FloatField(default=0.0, constraints=[SQL("DEFAULT 0")])
    is_new = BooleanField(default=False, constraints=[SQL("DEFAULT 0")])

    class Meta:
        table_name = "finding"
        indexes = ((("run", "task"), False),)


class MetricRow(Model):
    """Numbers that attempts reported."""

    id = AutoField()
    run = IntegerField()
    task = IntegerField()
    attempt = IntegerField()
    at = FloatField()
    name = CharField(index=True)
    value = FloatField()
    unit = CharField()

    class Meta:
        table_name = "metric"
        indexes = ((("run", "task"), False),)


class ArtifactRow(Model):
    """Files that attempts kept."""

    id = AutoField()
    run = IntegerField()
    task = IntegerField()
    attempt = IntegerField()
    at = FloatField()
    name = CharField()
    path = CharField()
    size = IntegerField()
    format = CharField()
    patch = TextField(null=True)

    class Meta:
        table_name = "artifact"
        indexes = ((("run", "task"), False),)


class SectionRow(Model):
    """What each section of an agent's page shows of a workspace: what was put there last; `blocks` as JSON."""

    workspace = CharField()
    agent = CharField()
    name = CharField()
    at = FloatField()
    run = IntegerField()
    task = IntegerField()
    attempt = IntegerField()
    blocks = TextField()

    class Meta:
        table_name = "section"
        primary_key = CompositeKey("workspace", "agent", "name")


class PatchRow(Model):
    """What became of each patch that somebody decided about; the last word counts."""

    run = IntegerField()
    task = IntegerField()
    attempt = IntegerField()
    name = CharField()
    choice = CharField()
    by = CharField()
    at = FloatField()
    reason = TextField()
    result = TextField()

    class Meta:
        table_name = "patch"
        primary_key = CompositeKey("run", "task", "attempt", "name")


class AgentRow(Model):
    """What a person set for an agent."""

    name = CharField(primary_key=True)
    present = BooleanField()
    paused_by = CharField()
    pause_reason = TextField()
    paused_at = FloatField()
    limit = IntegerField()
    drained_by = CharField(default="", constraints=[SQL("DEFAULT ''")])
    drain_reason = TextField(default="", constraints=[SQL("DEFAULT ''")])
    drained_at = FloatField(default=0.0, constraints=[SQL("DEFAULT 0")])
    drain_until = IntegerField(default=0, constraints=[SQL("DEFAULT 0")])

    class Meta:
        table_name = "agent"


class ScheduleRow(Model):
    """When each schedule was last dealt with."""

    name = CharField(primary_key=True)
    due = FloatField()
    run = IntegerField()
    missed = IntegerField()
    note = TextField()

    class Meta:
        table_name = "schedule"


class AlertRow(Model):
    """How each alert stands; `id` stands for its key."""

    id = CharField(primary_key=True)
    key = TextField(unique=True)
    kind = CharField()
    severity = CharField()
    title = TextField()
    text = TextField()
    href = TextField()
    workspace = TextField()
    job = TextField()
    agent = CharField()
    run = IntegerField()
    task = IntegerField()
    attempt = IntegerField()
    first = FloatField()
    opened = FloatField()
    seen = FloatField()
    times = IntegerField()
    state = CharField(index=True)
    by = CharField()
    marked = FloatField(null=True)
    until = FloatField(null=True)
    why = TextField()

    class Meta:
        table_name = "alert"


class RoadmapTaskRow(Model):
    """Each assignment of a task of the roadmap, and what came of it; `options` as JSON."""

    id = CharField(primary_key=True)
    workspace = TextField()
    ref = TextField()
    change = TextField()
    text = TextField()
    to = CharField()
    kind = CharField()
    action = CharField()
    why = TextField()
    by = CharField()
    at = FloatField()
    reason = TextField()
    options = TextField()
    state = CharField()
    started = FloatField(null=True)
    run = IntegerField()
    ended = FloatField(null=True)
    words = TextField()
    who = CharField()
    task = CharField()
    commit = CharField()
    tick = CharField()
    tick_why = TextField()
    ticked = FloatField(null=True)

    class Meta:
        table_name = "roadmap_task"
        indexes = ((("workspace", "change"), False), (("ticked",), False))


class RoadmapCountRow(Model):
    """Done and total of a change, or with change '' of all, each time that it was another than before."""

    id = AutoField()
    workspace = TextField()
    change = TextField()
    at = FloatField()
    done = IntegerField()
    total = IntegerField()

    class Meta:
        table_name = "roadmap_count"
        indexes = ((("workspace", "change", "id"), False),)


class RoadmapForecastRow(Model):
    """When a change or a milestone would be done, as it was foreseen on a day."""

    workspace = TextField()
    day = CharField()
    name = TextField()
    at = FloatField()
    p50 = FloatField()
    p80 = FloatField()
    p95 = FloatField()

    class Meta:
        table_name = "roadmap_forecast"
        primary_key = CompositeKey("workspace", "day", "name")


class ForecastRow(Model):
    """When a run would end, as it was foreseen at its start; `body` is JSON."""

    run = IntegerField(primary_key=True)
    workspace = TextField()
    pipeline = TextField()
    at = FloatField()
    p50 = FloatField()
    p80 = FloatField()
    p95 = FloatField()
    body = TextField()

    class Meta:
        table_name = "forecast"
        indexes = ((("workspace", "run"), False),)


class PersonRow(Model):
    """What is kept of each person: settings, and when they last looked; `kept` as JSON."""

    name = CharField(primary_key=True)
    at = FloatField()
    kept = TextField()

    class Meta:
        table_name = "person"


class CrewWorkflowRow(Model):
    """One workflow of a crew of the platform; `first` is the event that named it first."""

    crew = TextField()
    id = TextField()
    first = IntegerField()
    process = CharField()
    name = TextField()
    parent = TextField()
    state = CharField()
    started = FloatField(null=True)
    ended = FloatField(null=True)
    done = IntegerField()
    total = IntegerField(null=True)
    source = CharField()
    input = IntegerField(null=True)
    output = IntegerField(null=True)
    error = TextField()

    class Meta:
        table_name = "crew_workflow"
        primary_key = CompositeKey("crew", "id")
        indexes = ((("crew", "state"), False), (("crew", "first"), False))


class CrewTaskRow(Model):
    """One task of a workflow of a crew."""

    crew = TextField()
    workflow = TextField()
    key = TextField()
    name = TextField()
    role = TextField()
    state = CharField()
    started = FloatField(null=True)
    ended = FloatField(null=True)
    seconds = FloatField(null=True)
    retries = IntegerField()
    calls = IntegerField()
    input = IntegerField(null=True)
    output = IntegerField(null=True)
    error = TextField()

    class Meta:
        table_name = "crew_task"
        primary_key = CompositeKey("crew", "workflow", "key")
        indexes = ((("crew", "role"), False),)


class CrewUseRow(Model):
    """What a role asked of models in one workflow: calls, and tokens where somebody said them."""

    crew = TextField()
    workflow = TextField()
    role = TextField()
    calls = IntegerField()
    input = IntegerField(null=True)
    output = IntegerField(null=True)

    class Meta:
        table_name = "crew_use"
        primary_key = CompositeKey("crew", "workflow", "role")


class SampleRow(Model):
    """What one task used, or with run 0 what the host did, at a moment."""

    id = AutoField()
    at = FloatField()
    run = IntegerField()
    task = IntegerField()
    cpus = FloatField()
    memory_mb = FloatField()
    more = TextField(null=True)

    class Meta:
        table_name = "sample"
        indexes = ((("run", "task", "at"), False),)


class DrainRow(Model):
    """Whether the platform is asked to take no new work: one row, number 1."""

    id = IntegerField(primary_key=True)
    wanted = BooleanField()
    by = CharField()
    at = FloatField()
    reason = TextField()
    until = FloatField(null=True)
    seen = FloatField(null=True)

    class Meta:
        table_name = "drain"


class HandoffRow(Model):
    """A release that was handed over; `record` is JSON, `signature` that of its canonical form."""

    id = CharField(primary_key=True)
    at = FloatField(index=True)
    record = TextField()
    signature = CharField()
    key = CharField()
    by = CharField()
    seen = FloatField(null=True)

    class Meta:
        table_name = "handoff"


class NoticeRow(Model):
    """What is to be said to a channel, and what became of it."""

    id = CharField(primary_key=True)
    channel = CharField()
    kind = CharField()
    severity = CharField()
    title = TextField()
    body = TextField()
    link = TextField()
    made = FloatField(index=True)
    due = FloatField()
    state = CharField()
    tries = IntegerField()
    tried = FloatField(null=True)
    words = TextField()
    by = CharField()

    class Meta:
        table_name = "notice"
        indexes = ((("state", "due"), False), (("channel", "tried"), False))


class CaseRow(Model):
    """How each case stands; `cause`, `assignee`, `resolution`, `joined` and `known` as JSON."""

    id = IntegerField(primary_key=True)
    workspace = TextField()
    title = TextField()
    severity = CharField()
    state = CharField()
    first = FloatField()
    opened = FloatField()
    seen = FloatField()
    moved = FloatField()
    present = IntegerField()
    left_out = IntegerField()
    times = IntegerField()
    reopened = IntegerField()
    until = FloatField(null=True)
    accepted_by = CharField()
    accepted_why = TextField()
    words = TextField()
    last_by = CharField()
    turn = IntegerField()
    notes = IntegerField()
    into = IntegerField()
    run = IntegerField()
    asks = TextField()
    newest = IntegerField(default=0)
    handled = BooleanField(default=False)
    cause = TextField()
    assignee = TextField()
    resolution = TextField()
    joined = TextField()
    known = TextField()

    class Meta:
        table_name = "case_row"
        indexes = ((("workspace", "state"), False), (("state", "moved"), False))


class CaseSymptomRow(Model):
    """One symptom of a case; `body` is JSON."""

    id = AutoField()
    case = IntegerField()
    key = TextField()
    workspace = TextField()
    check = TextField()
    family = TextField()
    agent = CharField()
    gone = FloatField()
    body = TextField()

    class Meta:
        table_name = "case_symptom"
        indexes = ((("case", "key"), True), (("workspace", "key"), False), (("family",), False))


class CaseResolvedRow(Model):
    """What was tried once on a family of symptoms of a case, and whether it worked."""

    case = IntegerField()
    at = FloatField()
    family = TextField()
    workspace = TextField()
    kind = CharField()
    what = TextField()
    words = TextField()
    worked = BooleanField()

    class Meta:
        table_name = "case_resolved"
        primary_key = CompositeKey("case", "at", "family")
        indexes = ((("family", "at"), False),)


class AdviceRow(Model):
    """How each advice stands: the last word about it, and the event `seq` that said it."""

    id = CharField(primary_key=True)
    workspace = TextField()
    kind = CharField()
    about = TextField()
    title = TextField()
    words = TextField()
    score = IntegerField()
    href = TextField()
    state = CharField()
    first = FloatField()
    at = FloatField()
    by = CharField()
    reason = TextField()
    until = FloatField(null=True)
    rule = CharField()
    seq = IntegerField(index=True)

    class Meta:
        table_name = "advice"
        indexes = ((("workspace", "state"), False),)


class AdviceTakenRow(Model):
    """Each time that an advice was taken; `act` and `measure` as JSON, and how it was judged, once it is."""

    taking = CharField(primary_key=True)
    id = CharField()
    workspace = TextField()
    kind = CharField()
    about = TextField()
    title = TextField()
    by = CharField()
    at = FloatField()
    rule = CharField()
    act = TextField()
    measure = TextField()
    judged = FloatField(null=True)
    helped = BooleanField(null=True)
    words = TextField()
    before = FloatField(null=True)
    after = FloatField(null=True)
    n = IntegerField()

    class Meta:
        table_name = "advice_taken"
        indexes = ((("workspace", "at"), False), (("id", "at"), False))


class RuleFiringRow(Model):
    """Each time that a rule acted, or would have; `act` and `undo` are calls as JSON."""

    id = CharField(primary_key=True)
    at = FloatField(index=True)
    rule = CharField()
    workspace = TextField()
    advice = CharField()
    kind = CharField()
    about = TextField()
    title = TextField()
    mode = CharField()
    act = TextField()
    taking = CharField()
    done = FloatField(null=True)
    ok = BooleanField()
    words = TextField()
    undo = TextField()
    undone = FloatField(null=True)
    undone_by = CharField()
    undone_words = TextField()

    class Meta:
        table_name = "rule_firing"


class MetaRow(Model):
    """A few names with values: which data folder this is."""

    name = CharField(primary_key=True)
    value = TextField()

    class Meta:
        table_name = "meta"


MODELS: tuple[type[Model], ...] = (
    EventRow,
    RunRow,
    TaskRow,
    AttemptRow,
    FindingRow,
    MetricRow,
    ArtifactRow,
    PatchRow,
    SectionRow,
    AgentRow,
    ScheduleRow,
    AlertRow,
    PersonRow,
    RoadmapTaskRow,
    RoadmapCountRow,
    RoadmapForecastRow,
    ForecastRow,
    CrewWorkflowRow,
    CrewTaskRow,
    CrewUseRow,
    DrainRow,
    HandoffRow,
    NoticeRow,
    CaseRow,
    CaseSymptomRow,
    CaseResolvedRow,
    AdviceRow,
    AdviceTakenRow,
    RuleFiringRow,
    SampleRow,
    MetaRow,
)
