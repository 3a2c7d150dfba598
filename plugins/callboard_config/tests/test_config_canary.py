"""A secret that is planted everywhere is found nowhere in what the actions say and keep."""

import subprocess
from pathlib import Path

import pytest

from callboard.testing import run_action
from callboard_config import ConfigManage

CANARY = "Zq8vT2nK5mRj7Pc1"
SECOND = "kq9Trw2xLm44"
FILES: dict[str, str] = {
    "app/settings.py": (
        f'"""S."""\nimport sys\n# former: {CANARY}\nAPI_TOKEN = "{CANARY}"\nURL = "postgresql://u:{SECOND}@db.shop/x"\n'
        f'import os\nKEY = os.environ.get("SHOP_SECRET", "{CANARY}")\nclass S(BaseSettings):\n    port: int\n'
        f'    jwt_secret: str = "{CANARY}"\n'
    ),
    "app/broken.py": f'API_TOKEN = "{CANARY}\n',
    "web/src/a.ts": f"// {CANARY}\nexport const apiKey = '{CANARY}'; const broken = `${{",
    "web/package.json": f'{{"name": "web", "config": {{"token": "{CANARY}"}}, "{CANARY}": 1, "{CANARY}": 2}}',
    "compose.yml": f"services:\n  db:\n    environment:\n      DB_PASSWORD: {CANARY}\n      URL: amqp://u:{SECOND}@mq/\n",
    "compose.prod.yml": f"services:\n  db:\n    environment:\n      DB_PASSWORD: {CANARY}\n",
    "compose.dev.yml": f"services:\n  db:\n    environment:\n      DB_PASSWORD: {CANARY}\n",
    ".env": f"API_TOKEN={CANARY}\nPORT={CANARY}\n{CANARY}\nAPI_TOKEN={SECOND}{CANARY}\n",
    ".env.production": f"API_TOKEN={CANARY}\nPORT={CANARY}\nDB_URL=mysql://u:{SECOND}@localhost/x\n",
    ".env.staging": f"API_TOKEN={CANARY}\nPORT=80\n",
    ".env.example": f"API_TOKEN={CANARY}\n",
    "conf/a.toml": f'password = "{CANARY}"\nx = \n',
    "conf/b.yml": f"password: {CANARY}\n\t{CANARY}: [\n",
    "conf/c.yml": f"password: *{CANARY}\na: &{CANARY} 1\n{CANARY}: 1\n{CANARY}: 2\n",
    "conf/d.json": f'{{"password": "{CANARY}",}}',
    "tox.ini": f"[a]\n{CANARY} = 1\n{CANARY} = 2\n",
    "renovate.json": f'{{"token": "{CANARY}", "timezone": ["{CANARY}"], "{CANARY}": 3}}',
}
ACTIONS = ("inventory", "drift", "hardcoded", "move", "schema", "snapshot", "diff", "restore", "rotation")


@pytest.mark.parametrize("boundary", [[".git/**", ".env"], [".git/**", ".env", ".env.*"]])
def test_no_action_keeps_or_says_it(tmp_path: Path, boundary: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    place, data = tmp_path / "workspace", tmp_path / "data"
    place.mkdir()
    for name, text in FILES.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text, "utf-8")
    git = ["git", "-C", str(place), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    for words in (["init", "-q"], ["add", "-A", "-f"], ["commit", "-qm", "x"]):
        subprocess.run([*git, *words], check=True)
    kept = tmp_path / "kept"
    kept.mkdir()
    for action in ACTIONS:
        if action == "diff":
            (place / "conf/a.toml").write_text(f'password = "{CANARY}{SECOND}"\n')
        options = {"path": "conf/a.toml"} if action == "restore" else {}
        spool = kept / action
        spool.mkdir()
        outcome = run_action(
            ConfigManage(),
            action,
            place,
            options,
            spool=spool,
            data=data,
            config={"boundary": {"protected_paths": boundary}},
        )
        assert outcome.result is not None
        (spool / "summary").write_text(f"{outcome.result.summary} {outcome.result.outputs}")
    said = capfd.readouterr()
    (kept / "log").write_text(said.out + said.err)
    hits = [
        str(path.relative_to(tmp_path))
        for folder in (kept, data)
        for path in folder.rglob("*")
        if path.is_file() and (CANARY.encode() in path.read_bytes() or SECOND.encode() in path.read_bytes())
    ]
    assert hits == []
    assert any(path.suffix == ".patch" for path in kept.rglob("*"))
