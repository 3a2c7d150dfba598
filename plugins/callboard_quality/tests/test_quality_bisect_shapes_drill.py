"""The drill of shapes: moved packages, late scripts, noise and the like in histories of packages; it needs the network.

Run it with `pytest -m long plugins/callboard_quality/tests/test_quality_bisect_shapes_drill.py`; CALLBOARD_DRILL_HOME and
CALLBOARD_DRILL_PYTHON are as in the other drill.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from callboard.testing import run_action
from callboard_quality import QualityAssurance
from shaped_histories import SHAPES, Shaped, started


@pytest.mark.long
@pytest.mark.parametrize("shape", SHAPES, ids=[shape.__name__ for shape in SHAPES])
def test_the_planted_regression_is_named_in_any_shape(
    shape: Callable[[Shaped], None], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = Path(os.environ.get("CALLBOARD_DRILL_HOME", "") or tmp_path_factory.getbasetemp() / "sources")
    made = started(tmp_path / "work", home)
    shape(made)
    options = {"interpreter": os.environ.get("CALLBOARD_DRILL_PYTHON", "") or sys.executable, **made.options}
    spool = tmp_path / "spool"
    spool.mkdir()
    outcome = run_action(QualityAssurance(), "bisect", made.root, options, spool=spool, data=tmp_path / "data")
    assert outcome.result is not None
    case = outcome.result.outputs["case"]
    print(
        shape.__name__, made.git("rev-list", "--count", "HEAD"), "commits", len(case["steps"]), "steps", case["words"]
    )
    for step in case["steps"]:
        print("  ", *step, made.git("log", "-1", "--format=%s", step[0]))
    assert case["commit"] == made.culprit, case["words"]
    assert case["certain"]
