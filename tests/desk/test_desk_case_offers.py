"""Among the fixes that are offered, what helped before in this workspace goes first."""

from callboard.agents.fixes import Offer
from callboard.desk.case_scene import best_first, fix_name
from callboard.record.cases import Remedy
from callboard.work.fixes import Fix


def remedy(what: str, tried: int, worked: int, kind: str = "patch") -> Remedy:
    return Remedy("F401", kind, what, f"patch by {what}", tried, worked, 1.0, (3,))


def test_what_helped_goes_first_and_what_never_did_last_and_both_say_how_often() -> None:
    fixes = [
        Fix("refactor.fixes", {"select": ["E501"]}, "wrap"), Fix("quality.quarantine", {"test": "t"}, "set it aside"),
        Fix("refactor.fixes", {"select": ["F401"]}, "take the import out"), Fix("config.move", {}, "move it"),
    ]  # fmt: skip
    found = [Offer(fix, "p", (0,)) for fix in fixes]
    known = [
        remedy(fix_name("refactor.fixes", {"select": ["F401"]}), 3, 2), remedy("config.move", 1, 1),
        remedy(fix_name("refactor.fixes", {"select": ["E501"]}), 2, 0), remedy("quality.quarantine", 5, 5, "commit"),
    ]  # fmt: skip
    assert [offer.fix.words for offer in best_first(found, known)] == [
        "move it; it helped 1 of 1 times here",
        "take the import out; it helped 2 of 3 times here",
        "set it aside",
        "wrap; it helped 0 of 2 times here",
    ]
    assert [offer.fix for offer in best_first(found, [])] == fixes
