"""What the bundled agents say they read: with anything else changed, their pure actions say the same as before."""

import subprocess
from pathlib import Path

import pytest

from callboard.api import Agent
from callboard.learn.contents import Contents
from callboard.testing import Outcome, run_action
from callboard_code_refactor import CodeRefactor
from callboard_config import ConfigManage
from callboard_security import SecurityCompliance

CODE = (
    "import os, pickle\nfrom typing import Optional\n\n\ndef pick(rows: Optional[list], wanted, unused=eval):\n"
    "    for row in rows:\n        if row:\n            for cell in row:\n                if cell:\n"
    "                    while cell:\n                        if cell == wanted:\n"
    "                            return pickle.loads(cell)\n    return None\n    print('never')\n"
)
TWIN = CODE.replace("pick(", "choose(")
# what each file says at first, and what could lead a tool astray
FILES: dict[str, tuple[str, str]] = {
    "shop/__init__.py": ("", "print = 1\n"),
    "shop/a.py": (CODE, "x = 1\n"),
    "shop/b.py": (TWIN, "y = 1\n"),
    "web/a.js": ("export const a = 1;\n", "eval(location.hash);\n"),
    "config/app.json": ('{"a": 1, "a": 2}\n', "{\n"),
    "config/app.yml": ("a: 1\na: 2\n", "a: [\n"),
    "pyproject.toml": ('[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.11"\n', "[project\n"),
    "shop/pyproject.toml": ("", '[tool.ruff]\nexclude = ["*.py"]\n[tool.bandit]\nskips = ["B301"]\n'),
    "setup.cfg": ("[metadata]\nname = shop\n", "[bandit]\nskips = B301\n[flake8]\nexclude = *\n"),
    "tox.ini": ("[tox]\n", "[bandit]\nskips = B301\n[pylint]\nignore=a.py\n"),
    "ruff.toml": ("", 'exclude = ["*.py"]\n'),
    ".pylintrc": ("", "[MAIN]\nignore=a.py,b.py\n[SIMILARITIES]\nmin-similarity-lines=900\n"),
    ".bandit": ("[bandit]\n", "[bandit]\nskips = B301\n"),
    ".bandit.yaml": ("", "skips: [B301]\n"),
    ".jscpd.json": ("{}", '{"ignore": ["**"]}'),
    "complexipy.toml": ("", 'exclude = ["shop"]\nmax-complexity-allowed = 1\n'),
    ".yamllint": ("extends: default\n", "ignore: '*'\n"),
    ".gitignore": ("dist/\n", "*\n"),
    ".ignore": ("", "*\n"),
    ".gitattributes": ("", "* linguist-generated\n"),
    "package.json": ('{"name": "shop"}', '{"name": "shop", "jscpd": {"ignore": ["**"]}}'),
    "README.md": ("# Shop\n", "# Other\n"),
    ".editorconfig": ("root = true\n", "[*]\nindent_size = 9\n"),
}
PURE = [
    (agent, name)
    for agent in (CodeRefactor(), SecurityCompliance(), ConfigManage())
    for name, described in agent.actions().items()
    if described.effects.pure
    and name not in ("patterns", "openspec")  # their tools are not among those that come along
]


def put(root: Path, version: int, apart_from: frozenset[str] = frozenset()) -> None:
    for name, texts in FILES.items():
        if name not in apart_from:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(texts[version], "utf-8")


def told(outcome: Outcome) -> object:
    assert outcome.result is not None
    found = sorted((f.rule, f.path, f.line, f.severity, f.message) for f in outcome.findings)
    return outcome.result.verdict, outcome.result.summary, found


@pytest.mark.parametrize(("agent", "name"), PURE, ids=[f"{agent.name}.{name}" for agent, name in PURE])
def test_a_pure_action_depends_on_nothing_but_what_it_reads(tmp_path: Path, agent: Agent, name: str) -> None:
    root = tmp_path / "w"
    put(root, 0)
    subprocess.run(["git", "init", "-q", root], check=True)
    subprocess.run(["git", "-C", root, "add", "-f", "-A"], check=True)
    reads = agent.actions()[name].effects.reads
    first = Contents(root).matching(reads)
    before = told(run_action(agent, name, root))
    put(root, 1, frozenset(first))
    assert {path: content.print for path, content in Contents(root).matching(reads).items()} == {
        path: content.print for path, content in first.items()
    }
    assert told(run_action(agent, name, root)) == before
    put(root, 1)
    assert told(run_action(agent, name, root)) != before, "nothing of this could have been noticed"
