"""What a rule had begun when the program was ended is said to be unknown, and its advice is open again."""

from pathlib import Path

from callboard.core.advice import ACT, Stand
from callboard.core.advice_commands import FireRule, Said
from patch_stage import PatchStage


def test_an_act_that_was_cut_off_is_ended_once_and_its_advice_is_open_again(tmp_path: Path) -> None:
    stage = PatchStage(tmp_path)
    said = Said("0123456789", str(stage.workspace), "resume", "quality", "Let quality work again")
    with stage.house() as desk:
        desk._do(FireRule("f1", "calm", said, ACT, 4, 0.0, {"title": "Let it work"}, "t1"))
        assert desk._standings()[said.id].state is Stand.TAKEN
    with stage.house() as desk:
        assert (desk.finish_firings(), desk.finish_firings()) == (1, 0)
        (row,) = desk._advised.firings(str(stage.workspace))
        assert (row["ok"], "nobody knows whether it was" in row["words"], row["done"] is not None) == (
            False,
            True,
            True,
        )
        assert desk._standings()[said.id].state is Stand.OPEN
