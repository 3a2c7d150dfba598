"""What the work sees of the user's world is what is allowed."""

import os
import stat
from dataclasses import replace

from callboard.launch.environment import allowed_environment
from callboard.launch.local import LocalLauncher
from launch_stage import AGENTS, Stage, act, command

SECRETS = {
    "AWS_SECRET_ACCESS_KEY": "canary",
    "GITHUB_TOKEN": "canary",
    "LD_PRELOAD": "/nowhere/canary.so",
    "PYTHONPATH": "/canary",
    "VIRTUAL_ENV": "/canary",
    "PIP_PASSWORD": "canary",
    "UV_PUBLISH_TOKEN": "canary",
}
PLAIN = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/home/x",
    "LC_ALL": "C.UTF-8",
    "PIP_INDEX_URL": "http://i",
    "https_proxy": "http://p",
}


def test_only_what_is_allowed_is_passed_on() -> None:
    assert allowed_environment({**SECRETS, **PLAIN}) == PLAIN


async def check(stage: Stage, spec_of_command: bool) -> None:
    launcher = LocalLauncher(stage.data / "other", paths=[AGENTS], environment={**SECRETS, **PLAIN})
    other = Stage(stage.data / "other", stage.workspace, launcher)
    await launcher.open(other.deliver)
    reader = os.open("/etc/passwd", os.O_RDONLY)
    os.set_inheritable(reader, True)
    try:
        script = "env; ls -l /proc/self/fd"
        key = other.launch(command("sh", "-c", script) if spec_of_command else act("sees"))
        await other.ended(key)
    finally:
        os.close(reader)
        await launcher.close()
    log = other.log(key)
    assert "canary" not in log
    assert "HOME=/home/x" in log
    cookie = next(line for line in log.splitlines() if line.startswith("CALLBOARD_ATTEMPT="))
    assert cookie.endswith(":1.1#1:1")
    opened = {line.split()[-3]: line.split()[-1] for line in log.splitlines() if " -> " in line}
    assert set(opened) == {"0", "1", "2", "3"}
    assert (opened["0"], opened["1"], opened["2"]) == ("/dev/null", *2 * [str(other.spool(key) / "output.log")])
    assert opened["3"].startswith("/proc/")


async def test_command_sees_little(stage: Stage) -> None:
    await check(stage, True)


async def test_action_sees_little(stage: Stage) -> None:
    await check(stage, False)


async def test_heavy_work_gives_way_and_what_may_leave_a_service_behind_does_not(stage: Stage) -> None:
    own = os.nice(0)
    tell = command("sh", "-c", "sleep 0.1; nice")  # it is told to give way just after it has begun
    for spec, more in (
        (replace(tell, heavy=True), 5),
        (tell, 0),
        (replace(tell, heavy=True, undo="infra.undeploy"), 0),
    ):
        key = stage.launch(spec)
        await stage.ended(key)
        assert int(stage.log(key)) == min(19, own + more)


async def test_what_is_kept_belongs_to_the_user_alone(stage: Stage) -> None:
    key = stage.launch(command("sh", "-c", 'stat -c %a "$TMPDIR"; echo x > made'))
    await stage.ended(key)
    assert stage.log(key) == "700\n"
    await stage.ended(stage.launch(act("passes")))
    for folder, _, names in os.walk(stage.data / "attempts"):
        assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700, folder
        for name in names:
            if folder.endswith("artifacts"):
                continue
            assert stat.S_IMODE(os.stat(os.path.join(folder, name)).st_mode) == 0o600, name
