"""What a command of the team goes through: the files that it starts, and the changed files behind these."""

import subprocess
from pathlib import Path

import pytest

from callboard.learn.symptoms_reach import Reach
from callboard.learn.symptoms_scene import changed_since
from callboard.learn.symptoms_trace import Trace, traced

FILES = {
    "shop/__init__.py": "",
    "shop/smoke.py": "from shop.cart import total\n",
    "shop/cart.py": "import json\n",
    "shop/__main__.py": "import shop.smoke\n",
    "web/package.json": '{"scripts": {"build": "NODE_ENV=a node tools/build.mjs && ../bin/pack.sh", "test": "node --test"}}',
    "web/tools/build.mjs": 'import { page } from "../src/page.js";\n',
    "web/src/page.js": "export const page = 1;\n",
    "bin/pack.sh": "#!/bin/sh\n. lib/names.sh\n",
    "bin/day.sh": "python3 -u -m shop.smoke\nnode web/tools/build.mjs\n",
    "bin/plan": "#!/bin/sh\nset -eu\nexec bin/pack.sh\n",
    "lib/names.sh": "host_of() { echo $1; }\n",
    "Makefile": "all: docs\n\tsh bin/pack.sh\n\ndocs: docs/guide.md\n\t@echo made\n\nclean:\n\trm -rf out\n",
    "docs/guide.md": "# Guide\n",
    "migrations/001.sql": "create table a (id);\n",
    "db.py": "for file in sorted((HERE / 'migrations').glob('*.sql')):\n    run(file)\n",
    "tests/test_scripts.py": "def test_plan():\n    run('bin/plan')\n",
}


@pytest.fixture(scope="module")
def reach(tmp_path_factory: pytest.TempPathFactory) -> Reach:
    place = tmp_path_factory.mktemp("starts")
    for path, text in FILES.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_text(text)
    return Reach(place, [*FILES], {"shop/cart.py", "web/src/page.js", "lib/names.sh", "migrations/001.sql"})


@pytest.mark.parametrize(
    ("argv", "folder", "files"),
    [
        ("/venv/bin/python -m shop.smoke", "", ["shop/smoke.py"]),
        ("python3.12 -m shop", "", ["shop/__main__.py"]),
        ("python3 db.py --dry", "", ["db.py"]),
        ("/usr/bin/env PYTHONPATH=src python3 -m shop.smoke", "", ["shop/smoke.py"]),
        ("timeout -k 5 60s npm run build", "web", ["web/tools/build.mjs", "bin/pack.sh"]),
        ("poetry run python -m shop", "", ["shop/__main__.py"]),
        ("sh ../bin/pack.sh", "web", ["bin/pack.sh"]),
        ("bin/plan", "", ["bin/plan"]),
        ("npm run build", "web", ["web/tools/build.mjs", "bin/pack.sh"]),
        ("npm test", "web", []),
        ("make", "", ["docs/guide.md", "bin/pack.sh"]),
        ("make -s clean", "", []),
        ("make docs", "", ["docs/guide.md"]),
        ("curl -sS http://localhost/shop/cart.py", "", []),
        ("/etc/shop/cart.py ../../shop/cart.py", "", []),
    ],
)
def test_a_command_starts_the_files_that_its_words_name(reach: Reach, argv: str, folder: str, files: list[str]) -> None:
    assert list(reach.started(argv.split(), folder)) == files


def test_a_line_for_a_shell_is_read_by_its_commands(reach: Reach) -> None:
    assert reach.started(["/bin/sh", "-c", "cd . && X=1 python -m shop.smoke; sh bin/pack.sh | cat 'oops"], "") == (
        "shop/smoke.py",
        "bin/pack.sh",
    )
    assert reach.started(["sh", "-c", "sh bin/pack.sh"], "") == ("bin/pack.sh",)
    assert reach.started([], "") == ()


@pytest.mark.parametrize(
    ("path", "behind"),
    [
        ("shop/smoke.py", ("shop/cart.py",)),
        ("shop/cart.py", ("shop/cart.py",)),
        ("web/tools/build.mjs", ("web/src/page.js",)),
        ("bin/pack.sh", ("lib/names.sh",)),
        ("bin/plan", ("lib/names.sh",)),
        ("bin/day.sh", ("shop/cart.py", "web/src/page.js")),
        ("db.py", ("migrations/001.sql",)),
        ("docs/guide.md", ()),
    ],
)
def test_behind_what_is_started_lie_the_changed_files(reach: Reach, path: str, behind: tuple[str, ...]) -> None:
    assert reach.behind(path) == behind


def test_a_test_goes_through_the_scripts_that_it_runs(reach: Reach) -> None:
    assert reach.of("tests/test_scripts.py") == ("lib/names.sh",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            'Parse error near line 1: near "cents": syntax error\n  create table a (id integer cents);\n  error here ---^\n',
            'Parse error near line 1: near "cents": syntax error',
        ),
        ("sh bin/audit.sh\naudit: 2 findings\nmake: *** [Makefile:2: audit] Error 1\n", "audit: 2 findings"),
        ("make: *** [Makefile:2: audit] Error 1\n", "make: *** [Makefile:2: audit] Error 1"),
    ],
)
def test_marks_below_a_place_and_what_make_passes_on_are_no_words(text: str, words: str) -> None:
    assert traced(text, Path("/repo")) == Trace(words)


def test_a_comment_that_only_persons_read_is_no_change_that_breaks_anything(tmp_path: Path) -> None:
    def git(*words: str) -> str:
        given = ["git", "-C", str(tmp_path), "-c", "user.name=t", "-c", "user.email=t@example.org", *words]
        return subprocess.run(given, check=True, capture_output=True, text=True).stdout.strip()

    names = ("said.py", "code.py", "tools.py", "both.js", "words.md", "new.sh")
    for name in names[:-1]:
        (tmp_path / name).write_text("x = 1\ny = 2\nz = 3\n")
    git("init", "-q")
    git("add", "-A")
    git("commit", "-qm", "one")
    (tmp_path / "said.py").write_text("# one\nx = 1\n\ny = 2\nz = 3\n")
    (tmp_path / "code.py").write_text("# one\nx = 1\nz = 3\n")
    (tmp_path / "tools.py").write_text("x = 1\n# type: ignore\ny = 2\nz = 3\n")
    (tmp_path / "both.js").write_text("// one\nx = 1\ny = 2\nz = 4\n")
    (tmp_path / "words.md").write_text("# one\nx = 1\ny = 2\nz = 3\n")
    (tmp_path / "new.sh").write_text("#!/bin/sh\n")
    git("add", "-A")
    git("commit", "-qm", "two")
    places = changed_since(tmp_path, *git("rev-parse", "HEAD~1", "HEAD").split()).places
    assert set(places) == set(names) - {"said.py"}
    assert [(r.start, r.end) for r in places["both.js"]] == [(4, 4)]
    assert [(r.start, r.end) for r in places["code.py"]] == [(2, 2)]


def test_the_nearest_changed_file_is_told_where_one_alone_is(reach: Reach) -> None:
    assert reach.nearest("shop/smoke.py") == "shop/cart.py"
    assert reach.nearest("tests/test_scripts.py") == "lib/names.sh"
    assert reach.nearest("docs/guide.md") == ""
