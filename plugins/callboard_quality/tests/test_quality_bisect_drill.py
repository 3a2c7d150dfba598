"""The drill: planted regressions in real histories, made of the releases of well-known packages; it needs the network.

Run it with `pytest -m long plugins/callboard_quality/tests/test_quality_bisect_drill.py`. CALLBOARD_DRILL_HOME names a folder that
keeps the downloaded sources, CALLBOARD_DRILL_PYTHON an interpreter with the packages' requirements, which spares an environment for
each commit. Without it every commit is run in one that is made for it.
"""

import os
from pathlib import Path

import pytest

from callboard.testing import run_action
from callboard_quality import QualityAssurance
from real_histories import Maker, Recipe, recipes

RECIPES = recipes(Path(__file__).parent / "regressions_of_packages.json")


@pytest.mark.long
@pytest.mark.parametrize("number", range(len(RECIPES)), ids=[recipe.name for recipe in RECIPES])
def test_the_planted_regression_is_named(number: int, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    recipe: Recipe = RECIPES[number]
    home = Path(os.environ.get("CALLBOARD_DRILL_HOME", "") or tmp_path_factory.getbasetemp() / "sources")
    made = Maker(recipe, home, tmp_path / "work").make()
    python = os.environ.get("CALLBOARD_DRILL_PYTHON", "")
    options = {
        "tests": [made.test],
        "good": made.commits[0] if number % 2 else "",
        "interpreter": python or "auto",
        "limit": 3_000,
    }
    spool = tmp_path / "spool"
    spool.mkdir()
    outcome = run_action(QualityAssurance(), "bisect", made.root, options, spool=spool, data=tmp_path / "data")
    assert outcome.result is not None
    case = outcome.result.outputs["case"]
    print(recipe.name, len(made.commits), made.notes, case["words"])
    assert case["commit"] == made.culprit, case["words"]
    assert case["certain"]
