"""The projects of a workspace: folders with a manifest of their own."""

from callboard.api import Workspace

MANIFESTS = (
    "pyproject.toml", "setup.py", "setup.cfg", "manage.py", "requirements*.txt", "Pipfile", "package.json", "deno.json", "go.mod",
    "Cargo.toml", "Gemfile", "composer.json", "pom.xml", "build.gradle*", "*.csproj",
)  # fmt: skip


class Projects:
    """Which project a file belongs to: the nearest folder above it with a manifest, '' for the top."""

    def __init__(self, workspace: Workspace) -> None:
        self.folders = frozenset(workspace.folders_with(*MANIFESTS))

    def of(self, path: str) -> str:
        """The project's folder."""
        folder = path.rsplit("/", 1)[0] if "/" in path else ""
        while folder and folder not in self.folders:
            folder = folder.rsplit("/", 1)[0] if "/" in folder else ""
        return folder
