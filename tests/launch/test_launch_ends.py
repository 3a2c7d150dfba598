"""How an attempt ends is what its work did."""

import json
from pathlib import Path

import uvloop

from callboard.core.facts import Asked, Began, Ended, Found, How, Kept, Measured, Progressed
from callboard.core.task import AttemptKey, Verdict
from callboard.launch.local import LocalLauncher
from callboard.ports import Order
from launch_stage import AGENTS, Stage, act, command, soon


async def test_command_that_succeeds(stage: Stage) -> None:
    key = stage.launch(command("sh", "-c", "echo said; pwd"))
    end = await stage.ended(key)
    assert (end.how, end.code, end.verdict, end.reason) == (How.EXITED, 0, None, "")
    assert stage.log(key) == f"said\n{stage.workspace}\n"
    assert [type(fact) for fact in stage.facts] == [Began, Ended]
    assert end.usage.wall_s > 0
    assert not any((stage.data / "scratch").iterdir())


async def test_commands_that_fail(stage: Stage) -> None:
    end = await stage.run(command("sh", "-c", "exit 3"))
    assert (end.how, end.code, end.reason) == (How.EXITED, 3, "exit 3")
    end = await stage.run(command("sh", "-c", "kill -SEGV $$"))
    assert (end.how, end.reason) == (How.CRASHED, "ended by SIGSEGV (a segmentation fault)")
    end = await stage.run(command("callboard-no-such-program", "-x"))
    assert end.how is How.NOT_STARTED
    assert "'callboard-no-such-program' is not installed" in end.reason
    end = await stage.run(command("true", folder="nowhere"))
    assert (end.how, end.reason) == (How.NOT_STARTED, "the folder 'nowhere' is not there")
    end = await stage.run(command("true", folder="../.."))
    assert end.how is How.NOT_STARTED
    assert "leads out of the workspace" in end.reason
    end = await stage.run(command("echo", "a\0b"))
    assert end.how is How.NOT_STARTED


async def test_command_runs_in_its_folder_and_without_a_shell(stage: Stage) -> None:
    key = stage.launch(command("sh", "-c", 'pwd; echo "$1"', "sh", "$(id); *", folder="inner"))
    await stage.ended(key)
    assert stage.log(key) == f"{stage.workspace}/inner\n$(id); *\n"


async def test_action_that_passes_with_all_it_says(stage: Stage) -> None:
    key = stage.launch(act("passes", word="good day"))
    end = await stage.ended(key)
    assert (end.how, end.verdict, end.reason) == (How.EXITED, Verdict.PASS, "all in order")
    assert (dict(end.outputs), end.data_age_days) == ({"count": 2}, 1.5)
    assert stage.log(key) == "good day\n"
    (progress,) = stage.of(key, Progressed)
    assert isinstance(progress, Progressed)
    assert (progress.fraction, progress.note) == (0.5, "half")
    (found,) = stage.of(key, Found)
    assert isinstance(found, Found)
    assert (found.findings[0]["path"], found.findings[0]["line"], found.findings[0]["severity"]) == ("a.py", 3, "high")
    (measured,) = stage.of(key, Measured)
    assert isinstance(measured, Measured)
    assert measured.metrics == (("took", 1.5, "s"),)
    (kept,) = stage.of(key, Kept)
    assert isinstance(kept, Kept)
    assert (kept.name, kept.size, kept.format) == ("report.txt", 4, "text")
    assert (stage.spool(key) / kept.path).read_text() == "fine"
    assert isinstance(stage.facts[0], Began)
    assert isinstance(stage.facts[-1], Ended)


ENDS: list[tuple[str, How, Verdict | None, str]] = [
    ("fails", How.EXITED, Verdict.FAIL, "2 tests fail"),
    ("wonders", How.EXITED, Verdict.UNKNOWN, "no data"),
    ("nothing", How.EXITED, None, ""),
    ("raises", How.CRASHED, None, "ValueError: what is this"),
    ("leaves", How.CRASHED, None, "exit 0 without a result"),
    ("exits", How.CRASHED, None, "SystemExit: 4"),
    ("segfaults", How.CRASHED, None, "ended by SIGSEGV (a segmentation fault)"),
    ("number", How.CRASHED, None, "PluginError: action 'trials.number' returned int; it must return a Result"),
    ("coroutine", How.CRASHED, None, "PluginError: action 'trials.coroutine' returned coroutine; it must"),
    ("nan", How.CRASHED, None, "its result cannot be used: NaN is no number"),
    ("absent", How.CRASHED, None, "PluginError: Agent 'trials' has no action 'absent'; its actions: asks,"),
]


async def test_action_ends(stage: Stage) -> None:
    keys = [stage.launch(act(action)) for action, *_ in ENDS]
    for key, (action, how, verdict, reason) in zip(keys, ENDS, strict=True):
        end = await stage.ended(key)
        assert (end.how, end.verdict) == (how, verdict), action
        assert end.reason.startswith(reason), action


async def test_traceback_is_in_the_log(stage: Stage) -> None:
    key = stage.launch(act("raises"))
    await stage.ended(key)
    assert "Traceback" in stage.log(key)
    assert 'raise ValueError("what is this")' in stage.log(key)


async def test_agents_that_cannot_be_loaded(stage: Stage) -> None:
    end = await stage.run(act("passes", plugin="launch_broken"))
    assert (end.how, end.reason) == (
        How.NOT_STARTED,
        "'launch_broken' cannot be imported: SystemExit: no, thank you",
    )
    end = await stage.run(act("passes", plugin="launch_nowhere"))
    assert end.how is How.NOT_STARTED
    assert "No module named 'launch_nowhere'" in end.reason
    end = await stage.run(act("passes", wrong="option"))
    assert (end.how, end.reason) == (
        How.CRASHED,
        "ConfigError: trials.passes has no option 'wrong'; its options: word",
    )


async def test_question_and_answer(stage: Stage) -> None:
    key = stage.launch(act("asks"))
    asked = await stage.until(key, Asked)
    assert isinstance(asked, Asked)
    assert (asked.text, asked.choices) == ("go on?", ("yes", "no"))
    stage.launcher.answer(key, asked.question, "no", "a person")
    assert (await stage.ended(key)).reason == "no"


async def test_attempt_is_never_begun_twice(stage: Stage) -> None:
    key = stage.launch(command("sh", "-c", "echo once"))
    await stage.ended(key)
    stage.launcher.launch([Order(key, 2, command("sh", "-c", "echo twice"), str(stage.workspace), {})])
    await soon(lambda: len(stage.of(key, Ended)) == 2)
    assert stage.log(key) == "once\n"


async def test_many_at_once(stage: Stage) -> None:
    keys = [stage.launch(command("sh", "-c", f"exit {number % 7}")) for number in range(60)]
    codes = [(await stage.ended(key)).code for key in keys]
    assert codes == [number % 7 for number in range(60)]


def test_works_on_uvloop(tmp_path: Path, workspace: Path) -> None:
    async def work() -> list[Ended]:
        stage = Stage(tmp_path / "data", workspace, LocalLauncher(tmp_path / "data", paths=[AGENTS]))
        await stage.launcher.open(stage.deliver)
        ends = [await stage.run(command("true")), await stage.run(act("passes"))]
        key = stage.launch(command("sleep", "60"))
        await stage.began(key)
        stage.launcher.stop(key, "enough")
        ends.append(await stage.ended(key))
        await stage.launcher.close()
        return ends

    ends = uvloop.run(work())
    assert [end.how for end in ends] == [How.EXITED, How.EXITED, How.STOPPED]


async def test_exit_record_says_the_same(stage: Stage) -> None:
    key = stage.launch(command("sh", "-c", "exit 5"))
    end = await stage.ended(key)
    await soon((stage.spool(key) / "exit.json").exists)
    record = json.loads((stage.spool(key) / "exit.json").read_text())
    assert (record["how"], record["code"], record["cpu_s"]) == ("exited", 5, end.usage.cpu_s)
    assert key == AttemptKey(1, 1, 1)
