"""Makes installed plugins in a folder: a module and the metadata of a distribution, as pip leaves them."""

import sys
import venv
from pathlib import Path

GOOD = '''
from callboard.api import Agent, Job, action, hookimpl, passed

class Greeter(Agent):
    name = "{name}"
    title = "Greeter"
    summary = "Says hello"

    @action("Say hello")
    def hello(self, ctx, options):
        """Greets."""
        return passed("hello")

@hookimpl
def callboard_agents():
    return [Greeter()]
'''


def make_plugin(folder: Path, name: str, source: str, *, entry: str = "", version: str = "1.0") -> Path:
    """Installs a plugin whose module is `plug_<name>`; `entry` replaces the value of its entry point."""
    folder.mkdir(parents=True, exist_ok=True)
    module = f"plug_{name}".replace("-", "_")
    (folder / f"{module}.py").write_text(source, "utf-8")
    info = folder / f"plug_{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: plug-{name}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(f"[callboard]\n{name} = {entry or module}\n")
    return folder


def environment_with(folder: Path, *places: Path) -> Path:
    """A virtual environment that sees what this one sees, and the places besides; gives its interpreter."""
    venv.create(folder, with_pip=False, symlinks=True)
    site = next(folder.glob("lib/python*/site-packages"))
    seen = [Path(path) for path in sys.path if Path(path).is_dir()]
    (site / "seen.pth").write_text("".join(f"{path}\n" for path in (*seen, *places)))
    return folder / "bin" / "python"
