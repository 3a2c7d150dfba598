"""Files that are taken away and runs against each other, over the real program."""

import csv
import importlib.resources
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

CONFIG = """\
[workspace]
detect = false

[jobs."check.first"]
command = ["python3", "check.py"]
agent = "quality"

[jobs."=HYPERLINK(1)"]
command = ["python3", "-c", "print('<script>window.pwned=1</script>')"]
agent = "security"
needs = ["check.first"]

[jobs."check.steady"]
command = ["python3", "-c", "print('steady')"]
agent = "quality"
"""
AXE = (importlib.resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
VIOLATIONS = """async () => {
  const found = await axe.run(document, {resultTypes: ["violations"]});
  return found.violations.filter((v) => v.impact === "serious" || v.impact === "critical")
    .map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(" | ")}`);
}"""
BROKEN = "import sys\nprint('\\x1b[31mError: the total is 41.97\\x1b[0m')\nprint('postgres://ann:hunter2@db/shop')\nsys.exit(3)\n"
GOOD = "print('all is well')\n"
GONE = "a job that is gone"


@pytest.fixture(scope="module")
def exported(new_house: Callable[..., Any]) -> Any:
    """Run 1 is green, run 2 has a job that is broken, one that is skipped, one that is gone, and one with another limit."""
    gone = f'\n[jobs."{GONE}"]\ncommand = ["true"]\nagent = "infra"\n'
    house = new_house(CONFIG + gone, {"check.py": GOOD})
    first = house.ended(house.run())
    assert first["run"]["state"] == "succeeded", first
    config = CONFIG.replace("print('steady')\"]", "print('steady')\"]\ntime_limit_s = 300")
    (house.workspace / "callboard.toml").write_text(config, "utf-8")
    (house.workspace / "check.py").write_text(BROKEN, "utf-8")
    house.commit("Count the cents")
    assert house.call("run", "--trust", "--json").returncode == 1
    return house


async def taken(page: Page, press: Callable[[], Any], folder: Path) -> tuple[str, bytes]:
    """The file that comes when something is pressed: its name and what is in it."""
    async with page.expect_download() as coming:
        await press()
    download = await coming.value
    place = folder / download.suggested_filename
    await download.save_as(place)
    return download.suggested_filename, place.read_bytes()


async def test_the_comparison_says_what_changed_and_each_row_leads_to_its_place(
    exported: Any, visit: Callable[..., Any], tmp_path: Path
) -> None:
    visitor = await visit(exported)
    page = await visitor.go("/runs/2/compare")
    row = exported.get("/runs/2/compare")
    assert row["with"]["id"] == row["previous"] == row["green"] == 1
    names = {group["change"]: [one["name"] for one in group["of"]] for group in row["tasks"] if group["count"]}
    assert names == {"newly broken": ["check.first"], "no longer known": ["=HYPERLINK(1)"], "gone": [GONE]}
    assert [commit["subject"] for commit in row["commits"]] == ["Count the cents"]
    assert row["files"] == ["callboard.toml", "check.py"]
    (setting,) = row["settings"]
    assert (setting["job"], setting["what"], setting["now"]) == ("check.steady", "time limit (s)", "300")

    text = await page.locator("#main").inner_text()
    for words in ("Run 2 against 1", row["words"], "Count the cents", "time limit (s)", "300"):
        assert words in text
    broken = page.locator('[data-change="newly broken"] a[data-main]')
    first = next(task["id"] for task in exported.get("/runs/2")["tasks"] if task["name"] == "check.first")
    assert await broken.get_attribute("href") == f"/tasks/{first}?tab=log#first-failure"

    await page.evaluate(AXE)
    assert await page.evaluate(VIOLATIONS) == []
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    await page.wait_for_timeout(200)
    assert await visitor.overflow() <= 0
    assert await page.evaluate(VIOLATIONS) == []
    assert (visitor.faults, visitor.foreign) == ([], [])


async def test_the_other_run_is_chosen_by_key_and_kept_in_the_address(exported: Any, visit: Callable[..., Any]) -> None:
    page = await (await visit(exported)).go("/runs/1/compare")
    assert "choose a later one above" in (await page.locator("#main").inner_text()).lower()
    await page.locator("#compare-with").focus()
    await page.keyboard.press("ArrowDown")
    await page.wait_for_url("**/runs/1/compare?with=2")
    await page.wait_for_selector('[data-change="cured"]')
    assert "check.first" in await page.locator('[data-change="cured"]').inner_text()
    await page.get_by_role("button", name="Swap").click()
    await page.wait_for_url("**/runs/2/compare?with=1")
    await page.wait_for_selector('[data-change="newly broken"]')


async def test_the_menu_is_walked_by_keys_and_gives_the_files(
    exported: Any, visit: Callable[..., Any], tmp_path: Path
) -> None:
    page = await (await visit(exported)).go("/runs/2/compare")
    button = page.get_by_role("button", name="Export: the comparison")
    await button.focus()
    await page.keyboard.press("ArrowDown")
    await page.wait_for_selector("[role=menuitem]:focus")
    await page.keyboard.press("End")
    assert await page.evaluate("document.activeElement.dataset.export") == "json"
    await page.keyboard.press("Escape")
    assert await page.evaluate("document.activeElement.getAttribute('aria-expanded')") == "false"
    await page.keyboard.press("Enter")
    await page.wait_for_selector("[role=menuitem]:focus")
    await page.keyboard.press("t")  # to the first that begins so: Tasks as CSV
    assert await page.evaluate("document.activeElement.dataset.export") == "csv"
    name, text = await taken(page, lambda: page.keyboard.press("Enter"), tmp_path)
    lines = list(csv.reader(text.decode().splitlines()))
    assert (name, lines[0][:2]) == ("compare-run-2.csv", ["Change", "Name"])
    assert ["no longer known", "'=HYPERLINK(1)"] in [line[:2] for line in lines]
    await button.click()
    name, text = await taken(page, page.locator('[data-export="whole"]').click, tmp_path)
    known = exported.get("/runs/2/compare?with=1")
    assert json.loads(text)["words"] == known["words"]


@pytest.mark.parametrize(
    ("path", "named", "table"),
    [
        ("/agents", "the agents", "agents"),
        ("/patches", "the patches", "patches"),
        ("/machine", "the machine's past", "machine"),
    ],
)
async def test_tables_of_other_pages_can_be_taken_away(
    path: str, named: str, table: str, exported: Any, visit: Callable[..., Any], tmp_path: Path
) -> None:
    page = await (await visit(exported)).go(path)
    await page.get_by_role("button", name=f"Export: {named}").click()
    name, text = await taken(page, page.locator('[data-export="excel"]').click, tmp_path)
    lines = list(csv.reader(text.decode("utf-8-sig").splitlines()))
    assert (name, text[:3]) == (f"{table}.csv", b"\xef\xbb\xbf")
    if table == "agents":
        assert [line[0] for line in lines[1:]] == [agent["name"] for agent in exported.get("/agents")]


@pytest_asyncio.fixture(loop_scope="session")
async def alone(browser: Browser, exported: Any, tmp_path: Path) -> Any:
    """The report of run 2 as it lies on somebody's disk, in a browser without a network; notes what must not happen."""
    report = exported.api.get("/runs/2/report.html")
    (tmp_path / "report.html").write_bytes(report.content)
    opened = []

    async def begin(width: int, scheme: Any) -> tuple[Page, list[str]]:
        context = await browser.new_context(offline=True, color_scheme=scheme, viewport={"width": width, "height": 900})
        opened.append(context)
        page = await context.new_page()
        faults: list[str] = []
        page.on("console", lambda message: faults.append(message.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda asked: faults.append(asked.url) if not asked.url.endswith("/report.html") else None)
        await page.goto((tmp_path / "report.html").as_uri())
        return page, faults

    yield begin
    for context in opened:
        await context.close()


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
async def test_a_report_opens_anywhere_without_server_or_network(width: int, scheme: str, alone: Any) -> None:
    page, faults = await alone(width, scheme)
    text = await page.locator("main").inner_text()
    for words in (
        "2 · default",
        "check.first",
        "Error: the total is 41.97",
        "Count the cents",
        "newly broken",
        "exited (3)",
    ):
        assert words in text
    assert "postgres://ann:" in text
    assert "hunter2" not in await page.content()
    assert await page.locator(".log .a-red").inner_text() == "Error: the total is 41.97"
    assert await page.locator("svg.graph .node").count() == 3
    assert await page.locator(".gantt rect.bar").count() == 2
    assert await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    light = scheme == "light"
    assert await page.evaluate("getComputedStyle(document.body).backgroundColor") == (
        "rgb(246, 242, 236)" if light else "rgb(19, 17, 16)"
    )
    assert await page.evaluate("window.pwned") is None
    assert faults == []


async def test_the_tasks_of_a_report_are_sorted_and_filtered(alone: Any) -> None:
    page, faults = await alone(1440, "light")
    names = "[...document.querySelectorAll('#tasks-table tbody tr:not([hidden]) b')].map((b) => b.textContent)"
    await page.get_by_role("button", name="Task", exact=True).click()
    assert await page.evaluate(names) == ["=HYPERLINK(1)", "check.first", "check.steady"]
    await page.get_by_role("button", name="Task", exact=True).press("Enter")
    assert await page.evaluate(names) == ["check.steady", "check.first", "=HYPERLINK(1)"]
    assert await page.locator("th[aria-sort=descending]").inner_text() == "Task"
    await page.get_by_role("searchbox").fill("steady")
    assert await page.evaluate(names) == ["check.steady"]
    assert faults == []


async def test_a_report_is_whole_where_no_script_may_run(browser: Browser, exported: Any) -> None:
    context = await browser.new_context(java_script_enabled=False, offline=True)
    page = await context.new_page()
    await page.set_content(exported.api.get("/runs/2/report.html").text)
    assert await page.locator("#tasks-table tbody tr").count() == 3
    assert await page.get_by_text("Error: the total is 41.97").is_visible()
    assert await page.locator("button, input").count() == 0
    await context.close()


async def test_no_barrier_in_a_report(alone: Any, exported: Any, browser: Browser) -> None:
    page = exported.api.get("/runs/2/report.html").text
    for width, scheme in ((1440, "light"), (390, "dark")):
        context = await browser.new_context(
            color_scheme=scheme, viewport={"width": width, "height": 900}, bypass_csp=True
        )  # type: ignore[arg-type]
        shown = await context.new_page()
        await shown.set_content(page)
        await shown.evaluate(AXE)
        assert await shown.evaluate(VIOLATIONS) == []
        await context.close()


@pytest.mark.long
async def test_the_terminal_gives_the_same_files(exported: Any, tmp_path: Path) -> None:
    done = exported.call("export", "tasks", "--run", "2", "--state", "failed")
    lines = list(csv.reader(done.stdout.splitlines()))
    assert [line[2] for line in lines] == ["Name", "check.first"]
    place = tmp_path / "runs.json"
    done = exported.call("export", "runs", "-o", str(place))
    assert (done.returncode, done.stdout) == (0, "")
    assert json.loads(place.read_text()) == exported.get("/runs")
    assert exported.call("export", "run", "2", "-o", str(tmp_path / "two.html")).returncode == 0
    assert "Error: the total is 41.97" in (tmp_path / "two.html").read_text("utf-8")
    assert "=HYPERLINK" in exported.call("export", "attempts", "--run", "1").stdout
    refused = exported.call("export", "machine", "--state", "idle")
    assert (refused.returncode, "table 'machine' is not narrowed by state" in refused.stderr) == (2, True)
    assert exported.call("export", "nothing").returncode == 2

    said = exported.call("compare", "2").stdout
    for words in (
        "newly broken (1)",
        "check.first  succeeded in run 1: ",
        "Count the cents",
        "time limit (s): 900 → 300",
    ):
        assert words in said
    assert json.loads(exported.call("compare", "2", "1", "--json").stdout)["with"]["id"] == 1
    assert "is the first of pipeline 'default' here" in exported.call("compare", "1").stdout
