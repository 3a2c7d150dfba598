"""The boundary in force, over REST."""

from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from callboard.show.api.answers import Json
from callboard.show.api.desk import Desk


class Rule(BaseModel):
    """One rule, its value, and whether it is the default or the team's."""

    rule: str
    value: Any
    words: str
    by: Annotated[str, Field(description="default or team")]


class Fixed(BaseModel):
    """A rule that nobody can change."""

    rule: str
    words: str


class Refusal(BaseModel):
    """What was refused, to whom, and how often in a row."""

    at: float
    rule: str
    words: str
    who: str
    times: int


class BoundaryRow(BaseModel):
    """What the platform is spared in this workspace."""

    workspace: str
    file: Annotated[str, Field(description="The callboard.toml, empty where there is none")]
    why: Annotated[str, Field(description="What is wrong with it, empty when nothing is")]
    rules: list[Rule]
    fixed: list[Fixed]
    refused: Annotated[list[Refusal], Field(description="The newest first, at most 50")]


def sparing(desk: Desk) -> APIRouter:
    """The path /boundary."""
    router = APIRouter(tags=["boundary"])

    @router.get("/boundary", responses={200: {"model": BoundaryRow}}, response_class=Json)
    def boundary() -> Response:
        """The rules in force, and what was refused lately."""
        return Json(desk.boundary())

    return router
