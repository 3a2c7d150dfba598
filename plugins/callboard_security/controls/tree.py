"""Controls over what lies in the repository: locks, owners, reviews, documents."""

import re

from callboard.api import counted
from callboard_security.controls.chain import workflows
from callboard_security.controls.control import Judgement, broken, held, open_
from callboard_security.controls.results import CI
from callboard_security.controls.scene import Evidence, Scene
from callboard_security.environments import SAMPLE, environments
from callboard_security.found import project_of
from callboard_security.packages import collect
from callboard_security.static import is_test

DOCUMENTS = ("*.md", "*.rst", "*.adoc", "docs/*.txt", "*/docs/*.txt", "README*", "RUNBOOK*")
COMMITS = 200
NONE_NAMED = "there is code, and no file names a dependency"
DATABASES = (
    r"^\s*(import|from)\s+(sqlalchemy|psycopg2?|asyncpg|pymysql|MySQLdb|django\.db|peewee|sqlite3|aiosqlite|redis|pymongo|motor)\b|"
    r"(from|require\()\s*['\"](pg|mysql2?|mongoose|sequelize|@prisma/client|typeorm|knex|better-sqlite3|sqlite3|redis|ioredis|mongodb)['\"]"
)


def env_ignored(scene: Scene) -> Judgement:
    """Files of the environment are ignored by git, and none is tracked."""
    if not scene.checkout:
        return open_(scene.workspace.git_trouble or "this is no git checkout", "run it in a checkout of your own")
    tracked = (scene.git("ls-files", "--", ".env", ".env.*", "*/.env", "*/.env.*", "*.env") or "").splitlines()
    sample = re.compile(r"\.(example|sample|template|dist|defaults?|test|tpl)$|example|sample")
    real = [path for path in tracked if not sample.search(path) and not is_test(path) and not SAMPLE.search(path)]
    if real:
        return broken("files of an environment are tracked by git", scene.at(real[:20], "is tracked"))
    told = scene.git("check-ignore", "--verbose", "--no-index", ".env")
    if told:
        where, _, _ = told.partition("\t")
        path, line, pattern = [*where.split(":", 2), "", ""][:3]
        return held("git ignores .env", [Evidence(f"ignores '{pattern}'", path, int(line) if line.isdigit() else 0)])
    return broken(
        "git does not ignore .env: one careless 'git add' is enough",
        scene.at(scene.files(".gitignore")[:1], "has no line for .env"),
    )


def locked(scene: Scene) -> Judgement:
    """Every dependency has one exact version."""
    found = collect(scene.workspace, environments(scene.ctx))
    if found.broken:
        return open_(
            "files that name dependencies cannot be read", "mend them",
            [Evidence(broken_.reason, broken_.path, broken_.line) for broken_ in found.broken[:20]],
        )  # fmt: skip
    loose = found.unversioned()
    if loose:
        folders = len({project_of(package.path) for package in loose})
        places = [
            Evidence(f"{package.name} has no exact version", package.path, package.line) for package in loose[:30]
        ]
        return broken(
            f"{counted(len(loose), 'dependency', 'dependencies')} without an exact version in {counted(folders, 'folder')}",
            places,
        )
    paths = sorted({package.path for package in found.pinned if package.path})
    if not paths:
        installed = len(found.pinned)
        if installed or scene.python or scene.scripts:
            why = f"no file names a dependency, though {installed} packages are installed" if installed else NONE_NAMED
            return open_(why, "name them in a manifest, and commit a lock; or say that there are none")
        return open_("nothing names a dependency", "nothing to do while there is none")
    distinct = len({(package.ecosystem, package.name, package.version) for package in found.pinned})
    return held(f"{distinct:,} packages have exact versions", scene.at(paths[:20], "pins versions"))


def update_automation(scene: Scene) -> Judgement:
    """Updates of dependencies are proposed by a machine."""
    found = scene.files(
        ".github/dependabot.yml",
        ".github/dependabot.yaml",
        "renovate.json",
        "renovate.json5",
        ".renovaterc",
        ".renovaterc.json",
        ".github/renovate.json",
        ".pyup.yml",
    )
    for path in found:
        if path.endswith(("dependabot.yml", "dependabot.yaml")):
            try:
                table = scene.yaml(path)
            except ValueError as error:
                return open_(str(error), f"mend {path}", scene.at([path], "cannot be read"))
            if not isinstance(table, dict) or not table.get("updates"):
                return broken("dependabot has nothing to update", scene.at([path], "has no updates"))
    if found:
        return held("updates are proposed by a machine", scene.at(found))
    manifests = scene.files("pyproject.toml", "requirements*.txt", "package.json", "setup.py", "Pipfile")
    if not manifests:
        return open_("nothing names a dependency", "nothing to do while there is none")
    return broken("nothing proposes updates of the dependencies", scene.at(manifests[:5], "names dependencies"))


def owners(scene: Scene) -> Judgement:
    """The code has owners by name."""
    found = [path for path in CODEOWNERS if (scene.workspace.path / path).is_file()]
    if not found:
        return broken("there is no CODEOWNERS")
    lines = [line for line in scene.workspace.text(found[0]).splitlines() if line.strip() and not line.startswith("#")]
    if not any("@" in line for line in lines):
        return broken("CODEOWNERS names nobody", scene.at(found[:1], "names nobody"))
    return held(f"{counted(len(lines), 'line')} with owners", scene.at(found[:1]))


CODEOWNERS = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")


def branch_protected(scene: Scene) -> Judgement:
    """The main branch takes only what was reviewed and checked; a repository shows that only when it is kept as code."""
    settle = "keep the protection as code (.github/settings.yml, a ruleset, Terraform), or accept it with the link to the setting"
    kept = scene.files(
        ".github/settings.yml", ".github/settings.yaml", ".github/rulesets/*.json", "*ruleset*.json", "*.tf"
    )
    found = scene.grep(
        kept,
        r"required_pull_request_reviews|required_status_checks|branch_protection|required_approving_review_count|pull_request\"",
    )
    if found:
        return held("the protection is kept as code", found)
    also = [path for path in CODEOWNERS if (scene.workspace.path / path).is_file()]
    return open_(
        "whether the main branch is protected is a setting of the host, not of the repository",
        settle,
        scene.at(also, "owners are named"),
    )


def reviewed(scene: Scene) -> Judgement:
    """Changes are reviewed: by the merges, trailers and request numbers of the newest commits."""
    told = scene.git(
        "log",
        f"--max-count={COMMITS}",
        "--first-parent",
        "--no-show-signature",
        "--format=%h%x1f%P%x1f%s%x1f%(trailers:key=Reviewed-by,valueonly,separator=%x2C)%x1e",
    )
    settle = "let changes come by merge requests, or add Reviewed-by trailers"
    if not told or not told.strip():
        return open_("there is no git history to look at", settle)
    commits = [entry.strip("\n").split("\x1f") for entry in told.split("\x1e") if entry.strip()]
    bare = [
        c
        for c in commits
        if len(c) == 4 and " " not in c[1] and not re.search(r"[(\[]?[#!]\d+\)?|^Merge ", c[2]) and not c[3].strip()
    ]
    traced = len(commits) - len(bare)
    share = traced / len(commits)
    words = f"{traced} of the newest {len(commits)} commits came by a merge, a request or with a Reviewed-by"
    if share >= 0.8 and traced:
        return held(words, [Evidence(words, task="git log --first-parent")])
    shown = [Evidence(c[2][:100], task=f"commit {c[0]}") for c in bare[:10] if len(c) == 4]
    if traced == 0:
        return open_("no commit shows a trace of a review, which does not mean that there was none", settle, shown)
    return broken(f"only {words}", shown)


def licence_file(scene: Scene) -> Judgement:
    """The repository says under which licence it is."""
    found = [
        path
        for path in scene.workspace.files
        if "/" not in path and re.match(r"(?i)(licen[cs]e|copying|unlicense|notice)([.-].*)?$", path)
    ]
    real = [path for path in found if not path.upper().startswith("NOTICE") and scene.workspace.text(path).strip()]
    if real:
        return held("the licence is there", scene.at(real[:3]))
    if not scene.workspace.files:
        return open_("there are no files", "nothing to do while there is nothing")
    return broken("there is no licence file at the top", scene.at(found[:1], "is empty or no licence"))


def incident_contact(scene: Scene) -> Judgement:
    """Who finds a weakness knows whom to tell."""
    found = scene.files(
        "SECURITY.md",
        ".github/SECURITY.md",
        "docs/SECURITY.md",
        "SECURITY.rst",
        "SECURITY.txt",
        "*/.well-known/security.txt",
        "security.txt",
    )
    contact = scene.grep(found, r"[\w.+-]+@[\w-]+\.\w+|https?://|contact:", most=3)
    if contact:
        return held("a contact is named", contact)
    if found:
        return broken("the security policy names no contact", scene.at(found[:1], "has neither address nor link"))
    return broken("there is no SECURITY.md: who finds a weakness has nobody to tell")


def backups(scene: Scene) -> Judgement:
    """Backups, and the way back, are written down."""
    documents = scene.files(*DOCUMENTS)
    found = scene.grep(documents, r"\bback-?\s?ups?\b|\bdatensicherung", most=10)
    back = scene.grep(documents, r"\brestor(e|ing|ation)\b|\brecover(y|ing)?\b|\bpg_restore\b", most=10)
    made = scene.grep(
        scene.files("*.sh", "Makefile", "*.yml", "*.yaml", "*.tf"),
        r"pg_dump|mysqldump|mongodump|velero|restic|borg |backup_retention",
        most=5,
    )
    if found and back:
        return held("backups and the way back are described", [*found[:3], *back[:3], *made[:3]])
    if found or made:
        return broken("backups are mentioned, but not how to restore them", [*found[:3], *made[:3]])
    database = scene.grep([*scene.python, *scene.scripts], DATABASES, most=3)
    if database:
        return broken("data is kept, and nothing says how it is backed up", database)
    return open_(
        "nothing shows that data is kept", "write down where data is kept and how it comes back, or that there is none"
    )


def retention(scene: Scene) -> Judgement:
    """How long personal data is kept is written down."""
    found = scene.grep(
        scene.files(*DOCUMENTS),
        r"\bretention\b|\bretain(ed)?\b.*\b(days|months|years)\b|deleted? after \d+|aufbewahrungsfrist|l(ö|oe)schfrist",
        most=5,
    )
    if found:
        return held("retention is described", found)
    people = scene.grep(
        scene.python + scene.scripts,
        r"\b(email|first_name|last_name|phone(_number)?|date_of_birth|firstName|lastName)\s*[:=]\s*(models\.|mapped_column|Column|str\b|EmailStr|EmailField|CharField|z\.string|String|\{\s*type)",
        most=5,
    )
    if people:
        return broken("personal data is modelled, and nothing says how long it is kept", people)
    return open_(
        "no model of personal data was seen",
        "write down which personal data is kept and for how long, or that there is none",
    )


def tests_in_ci(scene: Scene) -> Judgement:
    """The pipeline runs the tests."""
    paths = scene.files(*CI)
    if not paths:
        return open_("no configuration of a pipeline lies here", "add one, or accept it with the link to where it runs")
    found = scene.grep(
        paths,
        r"\bpytest\b|\bunittest\b|\btox\b|\bnox\b|npm (run )?test|npm t\b|yarn (run )?test|pnpm (run )?test|vitest|\bjest\b|"
        r"playwright test|manage\.py test|make (test|check)|go test|cargo test|hatch (run )?test|just test",
    )
    if found:
        return held("the pipeline runs tests", found[:5])
    unread = workflows(scene)[1]
    if unread:
        return open_("a workflow cannot be read", "mend it", unread)
    indirect = scene.grep(paths, r"\b(sh|bash|make|just|task|\./)\S* ?\S*", most=5)
    if indirect:
        return open_(
            "the pipeline calls scripts; whether they run the tests was not seen",
            "name the tests in the pipeline",
            indirect,
        )
    return broken("the pipeline runs no tests", scene.at(paths[:5], "has no step that runs tests"))
