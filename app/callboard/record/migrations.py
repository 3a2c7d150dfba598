"""Numbered steps from one form of the database to the next, each in a transaction, after a backup."""

from collections.abc import Callable, Sequence

from peewee import SqliteDatabase

from callboard.errors import RecordError
from callboard.record.models import (
    MODELS,
    AdviceRow,
    AdviceTakenRow,
    AlertRow,
    CaseResolvedRow,
    CaseRow,
    CaseSymptomRow,
    CrewTaskRow,
    CrewUseRow,
    CrewWorkflowRow,
    DrainRow,
    ForecastRow,
    HandoffRow,
    NoticeRow,
    PatchRow,
    PersonRow,
    RoadmapCountRow,
    RoadmapForecastRow,
    RoadmapTaskRow,
    RuleFiringRow,
    SectionRow,
)

TOLD = "kind IN ('AgentSet', 'AgentsFound', 'AgentDraining', 'AgentDrained', 'AgentStopped', 'TaskMoved')"
Migration = Callable[[SqliteDatabase], None]
ASSIGNMENT_KINDS = "'RoadmapAssigned', 'RoadmapStarted', 'RoadmapDone', 'RoadmapTicked', 'RoadmapWithdrawn'"


def first_tables(database: SqliteDatabase) -> None:
    """1: all tables, and the triggers that keep the log append-only."""
    database.create_tables(MODELS)
    database.execute_sql("CREATE INDEX event_fired ON event (seq) WHERE kind = 'ScheduleFired'")
    for act in ("UPDATE", "DELETE"):
        database.execute_sql(
            f"CREATE TRIGGER event_no_{act.lower()} BEFORE {act} ON event "
            "BEGIN SELECT RAISE(ABORT, 'the event log is append-only'); END"
        )


def sections(database: SqliteDatabase) -> None:
    """2: what the sections of the agents' pages show."""
    database.create_tables([SectionRow])


def patches(database: SqliteDatabase) -> None:
    """3: what became of the patches that attempts kept."""
    database.create_tables([PatchRow])


def git_and_digests(database: SqliteDatabase) -> None:
    """4: what git said when a run was submitted; tasks are found by their name, and by what their verdict depends on."""
    if "git" not in {column.name for column in database.get_columns("run")}:
        database.execute_sql("ALTER TABLE run ADD COLUMN git TEXT NOT NULL DEFAULT '{}'")
    database.execute_sql("CREATE INDEX IF NOT EXISTS task_name ON task (name, run)")
    database.execute_sql(
        "CREATE INDEX IF NOT EXISTS task_digest ON task (json_extract(spec, '$.digest'))"
        " WHERE json_extract(spec, '$.digest') != ''"
    )


def accepted_findings(database: SqliteDatabase) -> None:
    """5: which findings are accepted until when, since when each is known, and which are new."""
    present = {column.name for column in database.get_columns("finding")}
    for name, kind in (("accepted", "TEXT NOT NULL DEFAULT ''"), ("since", "REAL NOT NULL DEFAULT 0"),
                       ("is_new", "INTEGER NOT NULL DEFAULT 0")):  # fmt: skip
        if name not in present:
            database.execute_sql(f"ALTER TABLE finding ADD COLUMN {name} {kind}")


def people(database: SqliteDatabase) -> None:
    """6: what is kept of each person."""
    database.create_tables([PersonRow])


def alerts(database: SqliteDatabase) -> None:
    """7: how each alert stands; the events about one are found by its key."""
    database.create_tables([AlertRow])
    kinds = "'AlertRaised', 'AlertResolved', 'AlertMarked'"
    database.execute_sql(
        f"CREATE INDEX IF NOT EXISTS event_alert ON event (json_extract(body, '$.key'), seq) WHERE kind IN ({kinds})"
    )


def news(database: SqliteDatabase) -> None:
    """8: what happened since a moment is found by index: runs by their end, patches by their time, rare events by their kind."""
    kinds = "'AgentSet', 'EngineStarted', 'PatchDecided', 'ScheduleFired'"
    database.execute_sql("CREATE INDEX IF NOT EXISTS run_ended ON run (ended)")
    database.execute_sql("CREATE INDEX IF NOT EXISTS artifact_patch ON artifact (at) WHERE format = 'patch'")
    database.execute_sql(f"CREATE INDEX IF NOT EXISTS event_rare ON event (seq) WHERE kind IN ({kinds})")


def hands(database: SqliteDatabase) -> None:
    """9: which tasks persons have in hand or finished, and which agents are drained; what was told to agents is found by index."""
    for table, columns in (
        ("run", {"by_hand": "INTEGER NOT NULL DEFAULT 0"}),
        ("task", {"hand": "TEXT NOT NULL DEFAULT ''"}),
        (
            "agent",
            {
                "drained_by": "TEXT NOT NULL DEFAULT ''",
                "drain_reason": "TEXT NOT NULL DEFAULT ''",
                "drained_at": "REAL NOT NULL DEFAULT 0",
                "drain_until": "INTEGER NOT NULL DEFAULT 0",
            },
        ),
    ):
        present = {column.name for column in database.get_columns(table)}
        for name, kind in columns.items():
            if name not in present:
                database.execute_sql(f"ALTER TABLE {table} ADD COLUMN {name} {kind}")
    database.execute_sql(f"CREATE INDEX IF NOT EXISTS event_told ON event (seq) WHERE {TOLD}")


def roadmap(database: SqliteDatabase) -> None:
    """10: assignments of the roadmap's tasks, the counts of changes over time, the forecasts of each day."""
    database.create_tables([RoadmapTaskRow, RoadmapCountRow, RoadmapForecastRow])
    database.execute_sql(
        f"CREATE INDEX IF NOT EXISTS event_roadmap ON event (json_extract(body, '$.id'), seq) WHERE kind IN ({ASSIGNMENT_KINDS})"
    )
    database.execute_sql("CREATE INDEX IF NOT EXISTS event_placed ON event (seq) WHERE kind = 'RoadmapPlaced'")


def crews(database: SqliteDatabase) -> None:
    """11: workflows of the platform's crews, their tasks and what they asked of models; what was seen is found by its kind."""
    database.create_tables([CrewWorkflowRow, CrewTaskRow, CrewUseRow])
    kinds = "'CrewSeen', 'CrewSilent'"
    database.execute_sql(f"CREATE INDEX IF NOT EXISTS event_crew ON event (seq) WHERE kind IN ({kinds})")


def coordination(database: SqliteDatabase) -> None:
    """12: the drain and the handoffs; when tasks began to wait for the platform is found by its kind."""
    database.create_tables([DrainRow, HandoffRow])
    database.execute_sql("CREATE INDEX IF NOT EXISTS event_yield ON event (seq) WHERE kind = 'YieldSet'")


def notices(database: SqliteDatabase) -> None:
    """13: what was said to people outside of the board, and what became of it."""
    database.create_tables([NoticeRow])


def cases(database: SqliteDatabase) -> None:
    """14: cases, their symptoms, what resolved them, and the words to search in; the events of a case are found by its number."""
    database.create_tables([CaseRow, CaseSymptomRow, CaseResolvedRow])
    database.execute_sql('CREATE VIRTUAL TABLE IF NOT EXISTS case_text USING fts5("case" UNINDEXED, words)')
    kinds = "'CaseOpened', 'CaseSeen', 'CaseGone', 'CaseMoved', 'CaseMerged', 'CaseSplit', 'CaseNoted'"
    for name, column, wanted in (
        ("event_case", "$.case", f"kind IN ({kinds})"),
        ("event_case_into", "$.into", "kind = 'CaseMerged'"),
        ("event_cases_looked", "$.workspace", "kind = 'CasesLooked'"),
    ):
        database.execute_sql(
            f"CREATE INDEX IF NOT EXISTS {name} ON event (json_extract(body, '{column}'), seq) WHERE {wanted}"
        )


def advice(database: SqliteDatabase) -> None:
    """15: how each advice stands, what was taken and whether it helped, what rules did; their events are found by kind."""
    database.create_tables([AdviceRow, AdviceTakenRow, RuleFiringRow])
    for name, columns, kinds in (
        ("event_advice", "at", "'AdviceGiven', 'AdviceTaken', 'AdviceOverruled', 'AdviceJudged', 'RuleFired'"),
        ("event_rule", "json_extract(body, '$.id'), seq", "'RuleFired', 'RuleDone', 'RuleUndone'"),
    ):
        database.execute_sql(f"CREATE INDEX IF NOT EXISTS {name} ON event ({columns}) WHERE kind IN ({kinds})")


def forecasts(database: SqliteDatabase) -> None:
    """16: the forecasts of runs at their start, to be held against what happens."""
    database.create_tables([ForecastRow])


def cases_read_back(database: SqliteDatabase) -> None:
    """17: what is missing to read a case back from its row, without its events: its newest run, and whether persons handled it."""
    present = {column.name for column in database.get_columns("case_row")}
    for name in {"newest", "handled"} - present:
        database.execute_sql(f"ALTER TABLE case_row ADD COLUMN {name} INTEGER NOT NULL DEFAULT 0")
    kinds = "'CaseOpened', 'CaseSeen', 'CaseGone', 'CaseMoved', 'CaseMerged', 'CaseSplit', 'CaseNoted'"
    by_person = "json_extract(body, '$.by') != 'Callboard'"
    run = "max(CASE s.type WHEN 'object' THEN json_extract(s.value, '$.run') END)"
    seen = (
        "SELECT json_extract(e.body, '$.case') AS id, s.type, s.value FROM event e JOIN json_each(e.body, '$.symptoms') s"
        " WHERE e.kind IN ('CaseOpened', 'CaseSeen') UNION ALL SELECT json_extract(e.body, '$.into'), s.type, s.value"
        " FROM event e JOIN json_each(e.body, '$.symptoms') s WHERE e.kind = 'CaseMerged'"
    )
    database.execute_sql(
        f"UPDATE case_row SET newest = coalesce(of.run, 0) FROM (SELECT s.id AS id, {run} AS run FROM ({seen}) s GROUP BY s.id) of"  # noqa: S608
        " WHERE of.id = case_row.id"
    )
    database.execute_sql(
        "UPDATE case_row SET handled = 1 WHERE id IN (SELECT json_extract(body, '$.case') FROM event"  # noqa: S608
        f" WHERE kind IN ({kinds}) AND kind IN ('CaseOpened', 'CaseSplit') AND {by_person})"
        f" OR id IN (SELECT json_extract(body, '$.into') FROM event WHERE kind = 'CaseMerged' AND {by_person})"
    )


def case_indexes(database: SqliteDatabase) -> None:
    """18: lists of very many cases by agent and kind, and the checks of each, are read from indexes alone."""
    for name, columns in (
        ("case_symptom_check", '"case", "check"'),
        ("case_symptom_agent", 'agent, "case"'),
        ("case_symptom_kind", "json_extract(body, '$.kind'), \"case\""),
    ):
        database.execute_sql(f"CREATE INDEX IF NOT EXISTS {name} ON case_symptom ({columns})")


MIGRATIONS: Sequence[Migration] = (
    first_tables, sections, patches, git_and_digests, accepted_findings, people, alerts, news, hands, roadmap, crews,
    coordination, notices, cases, advice, forecasts, cases_read_back, case_indexes,
)  # fmt: skip


def version_of(database: SqliteDatabase) -> int:
    """How many migrations the database has seen."""
    return int(database.execute_sql("PRAGMA user_version").fetchone()[0])


def migrate(
    database: SqliteDatabase, backup: Callable[[int], None], migrations: Sequence[Migration] = MIGRATIONS
) -> list[int]:
    """Carries out what is missing and returns the numbers; `backup(version)` is called before the first step on a used database.

    Raises `RecordError` for a database that a newer program made; that one is not touched.
    """
    version = version_of(database)
    if version > len(migrations):
        raise RecordError(
            f"the database has form {version}, this program knows {len(migrations)}: it was written by a newer version; "
            "install that one, or use another data folder with --data"
        )
    done: list[int] = []
    if 0 < version < len(migrations):
        backup(version)
    for number in range(version + 1, len(migrations) + 1):
        with database.atomic("IMMEDIATE"):
            migrations[number - 1](database)
            database.execute_sql(f"PRAGMA user_version = {number}")
        done.append(number)
    return done
