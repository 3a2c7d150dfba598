"""What moves: pushed changes, acts that reach the desk, a link that is cut and comes back."""

import signal
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
LISTEN = """async () => {
  let messages = 0;
  window.socket.on('live', () => messages++);
  const before = document.querySelectorAll('*').length;
  await new Promise((done) => setTimeout(done, 2000));
  return {messages, grown: document.querySelectorAll('*').length - before};
}"""


async def test_a_change_by_another_arrives_without_reload(stage: Any, visit: Callable[..., Any]) -> None:
    page = await (await visit(stage)).go("/")
    card = page.locator('[data-agent="config"]')
    stage.post("/agents/config/pause", {"reason": "moving <b>house</b>"})
    await card.locator('[data-state="paused"]').wait_for(timeout=3000)
    assert "moving <b>house</b>" in await card.inner_text()
    stage.post("/agents/config/resume", {})
    await card.locator('[data-state="paused"]').wait_for(state="detached", timeout=3000)


async def test_pause_resume_and_concurrency_reach_the_desk(stage: Any, visit: Callable[..., Any]) -> None:
    page = await (await visit(stage)).go("/agents/monitor")
    before = stage.get("/agents/monitor")["concurrency"]
    await page.get_by_role("button", name="Pause…").click()
    await page.get_by_role("button", name="Pause it").click()
    await page.get_by_role("button", name="Resume").wait_for()
    assert stage.get("/agents/monitor")["paused"] is not None
    await page.get_by_role("button", name="One more").click()
    await page.get_by_text(f"At most {before + 1} at once").wait_for()
    assert stage.get("/agents/monitor")["concurrency"] == before + 1
    await page.get_by_role("button", name="Resume").click()
    await page.get_by_role("button", name="Pause…").wait_for()
    assert stage.get("/agents/monitor")["paused"] is None


async def test_a_run_is_previewed_started_cancelled_and_retried(stage: Any, visit: Callable[..., Any]) -> None:
    page = await (await visit(stage)).go("/runs/new")
    await page.get_by_label("Call infra.deploy").uncheck()
    await page.locator('[data-job="infra.deploy"]').get_by_text("left out").wait_for()
    await page.get_by_label("Priority").select_option("high")
    await page.get_by_role("button", name="Start 20 jobs").click()
    await page.wait_for_url("**/runs/9*")
    run = int(page.url.rsplit("/", 1)[1].split("?")[0])
    told = stage.get(f"/runs/{run}")
    assert told["run"]["total"] == 20
    assert told["run"]["priority"] == "high"
    assert "infra.deploy" not in {task["name"] for task in told["tasks"]}
    await page.get_by_role("button", name="Cancel run").click()
    await page.get_by_role("button", name="Cancel the run").click()
    await page.get_by_role("button", name="Retry what failed").wait_for()
    assert stage.get(f"/runs/{run}")["run"]["state"] == "cancelled"
    assert "cancelled" in await page.title()
    await page.get_by_role("button", name="Retry what failed").click()
    await page.get_by_role("button", name="Cancel run").wait_for()
    assert stage.get(f"/runs/{run}")["run"]["state"] in ("waiting", "running")


async def test_a_task_is_cancelled_and_retried(stage: Any, visit: Callable[..., Any]) -> None:
    page = await (await visit(stage)).go("/tasks/6.20")
    await page.get_by_role("button", name="Cancel task…").click()
    await page.get_by_role("button", name="Cancel task", exact=True).click()
    await page.get_by_role("button", name="Retry").wait_for()
    assert stage.get("/tasks/6.20")["task"]["state"] == "cancelled"
    await page.get_by_role("button", name="Retry").click()
    await page.get_by_role("button", name="Cancel task").wait_for()
    assert stage.get("/tasks/6.20")["task"]["state"] == "waiting"


async def test_a_decision_is_made_on_the_board(stage: Any, visit: Callable[..., Any]) -> None:
    page = await (await visit(stage)).go("/")
    await page.locator('[data-question="7.1"]').get_by_role("button", name="give up").click()
    await page.get_by_role("dialog").get_by_role("button", name="Give up").click()
    await page.locator('[data-question="7.1"]').wait_for(state="detached")
    assert stage.get("/tasks/7.1")["task"]["state"] == "failed"


async def test_a_refusal_is_told_in_the_desks_own_words(stage: Any, visit: Callable[..., Any]) -> None:
    page = await (await visit(stage)).go("/tasks/902.1")
    await page.get_by_role("button", name="go on").click()
    await page.locator(".toast", has_text="Task 902.1 does not ask 'q1'").wait_for()
    await page.get_by_role("button", name="go on").wait_for()


async def test_a_hold_leads_to_its_culprit(stage: Any, visit: Callable[..., Any]) -> None:
    page = await (await visit(stage)).go("/")
    group = page.locator(".holds-group", has=page.locator('[data-task="902.1"]'))
    await group.get_by_text("waits for lock 'db:dev', held by infra.deploy (902.0)").click()
    await page.wait_for_url("**/tasks/902.0")


async def test_a_cut_link_is_admitted_and_then_made_good(stage: Any, visit: Callable[..., Any]) -> None:
    visitor = await visit(stage, own=True)
    page = await visitor.go("/")
    await visitor.context.set_offline(True)
    await page.locator(".banner.stale").get_by_text("stale since").wait_for(timeout=2500)
    stage.post("/agents/refactor/pause", {"reason": "meanwhile"})
    await page.wait_for_timeout(500)
    await visitor.context.set_offline(False)
    await page.locator('[data-agent="refactor"] [data-state="paused"]').wait_for(timeout=15_000)
    await page.locator(".banner.stale").wait_for(state="detached", timeout=5_000)
    stage.post("/agents/refactor/resume", {})


async def test_a_server_that_stalls_or_dies_makes_the_page_stale(empty: Any, visit: Callable[..., Any]) -> None:
    page = await (await visit(empty)).go("/")
    empty.signal(signal.SIGSTOP)
    await page.locator(".banner.stale", has_text="stale since").wait_for(timeout=3_000)
    empty.signal(signal.SIGCONT)
    await page.locator(".banner.stale").wait_for(state="detached", timeout=15_000)
    empty.kill()
    await page.locator(".banner.stale").wait_for(timeout=2_500)
    empty.start()
    await page.locator(".banner.stale").wait_for(state="detached", timeout=30_000)
    await page.wait_for_selector('[data-link="live"]', timeout=15_000)


async def test_the_title_tells_how_many_run(stage: Any, visit: Callable[..., Any]) -> None:
    page = await (await visit(stage)).go("/runs/902")
    await page.wait_for_function("document.title.includes('● 1 running')")


async def test_a_hundred_changes_a_second_stay_fluent(lively: Any, visit: Callable[..., Any]) -> None:
    page = await (await visit(lively)).go("/")
    heard = await page.evaluate(LISTEN)
    assert 4 <= heard["messages"] <= 40
    assert abs(heard["grown"]) < 1500


async def test_what_a_task_prints_appears_and_is_followed(lively: Any, visit: Callable[..., Any]) -> None:
    running = [task for task in lively.get("/board")["tasks"] if task["state"] == "running" and task["id"] != "904.0"]
    newest = min(running, key=lambda task: task["progress"])["id"]
    page = await (await visit(lively)).go(f"/tasks/{newest}")
    last = "Math.max(0, ...[...document.querySelectorAll('[data-line]')].map((line) => Number(line.dataset.line)))"
    seen = await page.evaluate(last)
    await page.wait_for_function(f"{last} > {seen + 5}", timeout=15_000)
    assert "ümläut <b>not bold</b>" in await page.locator(".log-line").last.inner_text()
