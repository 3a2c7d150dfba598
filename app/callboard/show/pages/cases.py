"""`/cases`: what is wrong, by cause, through its life; `/cases/{id}`: one of them."""

from starlette.requests import Request

from callboard.errors import CallboardError, ConfigError, NotFound
from callboard.show.api.desk import Desk, Row
from callboard.show.frame import Frame
from callboard.show.parts.screen import Screen

FIRST = 100  # in the first paint; the page asks for the others
LONGEST = 200


class CasesScreen(Screen, component="callboard_cases.js"):
    """All cases as a board or a list."""


class CaseScreen(Screen, component="callboard_case.js"):
    """A case with its symptoms, what was tried and what can be done."""


def register(frame: Frame, desk: Desk) -> None:
    """Adds both pages. The address may narrow the list: `/cases?view=list&state=new&severity=high&agent=quality&q=cart`."""
    frame.count("open_cases", desk.case_count)

    @frame.page("/cases")
    async def cases(request: Request) -> None:
        asked = {name: value[:LONGEST] for name, value in request.query_params.items()}
        await frame.show(CasesScreen, "Cases", "/cases", lambda: {**_narrowed(desk, asked), **_beside(desk)})

    @frame.page("/cases/{number}")
    async def case(number: str) -> None:
        def read() -> object:
            bare = number.removeprefix("C")
            if not (bare.isdecimal() and bare.isascii() and len(bare) < 16):
                raise NotFound(f"There is no case '{number[:40]}'; cases have numbers, such as 7")
            page = desk.case(int(bare))
            return {**page, "patch": _patch(desk, page), **_beside(desk)}

        await frame.show(CaseScreen, f"Case {number[:20]}", "/cases", read)


def _narrowed(desk: Desk, asked: dict[str, str]) -> Row:
    """The first cases as the address wants them; words in it that mean nothing narrow nothing, as on the page."""
    text = asked.get("q", "").strip()
    listed = asked.get("view") == "list"
    state = (asked.get("state") or ("" if text else "open")) if listed else "open"
    wants = {name: asked.get(name, "") for name in ("severity", "agent", "kind", "assignee")}
    try:
        return desk.cases(state=state, text=text, limit=FIRST, **wants)
    except ConfigError:
        return desk.cases(state="open", limit=FIRST)


def _patch(desk: Desk, page: Row) -> Row | None:
    """The patch that would mend it, None without one."""
    fix = page["case"]["fix"]
    try:
        return desk.patch(fix["patch"]) if fix and fix["patch"] else None
    except CallboardError:
        return None


def _beside(desk: Desk) -> Row:
    """Incidents, and of the agents what a choice of them shows."""
    agents = [{name: row.get(name) for name in ("name", "title", "state", "trouble")} for row in desk.agents()]
    return {"agents": agents, "incidents": list(desk.incidents())}
