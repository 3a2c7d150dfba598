"""The processes of an attempt, as they are when somebody asks."""

import os
import subprocess
import sys
import time
from pathlib import Path

from callboard.core.task import AttemptKey, Process
from callboard.measure.process import all_stats
from callboard.measure.processes import process_lines

KEY = AttemptKey(1, 0, 1)


def started(process: subprocess.Popen[str]) -> Process:
    ticks = next(stat.start for stat in all_stats() if stat.pid == process.pid)
    return Process(process.pid, ticks, "")


def test_parents_come_before_children_and_scripts_are_named_without_their_arguments(tmp_path: Path) -> None:
    child = tmp_path / "child.py"
    child.write_text("print('up', flush=True); import time; time.sleep(60)")
    parent = tmp_path / "parent.py"
    parent.write_text(
        f"import subprocess, sys\nsubprocess.run([sys.executable, {str(child)!r}, '--token', 'canary-7f3a'], check=False)"
    )
    process = subprocess.Popen([sys.executable, str(parent)], stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        lines = process_lines({KEY: started(process)})[KEY]
        assert [(line.depth, line.name.split()[-1]) for line in lines] == [(0, "parent.py"), (1, "child.py")]
        assert lines[0].pid == process.pid
        assert all(line.memory_mb > 1 for line in lines)
        assert "canary" not in str(lines)
    finally:
        os.killpg(process.pid, 9)
        process.communicate()


def test_another_process_with_the_same_number_is_not_taken_for_it() -> None:
    assert process_lines({KEY: Process(os.getpid(), 1, "")}) == {}


def test_code_on_the_command_line_is_not_read_out() -> None:
    process = subprocess.Popen([sys.executable, "-c", "import time; secret='canary'; time.sleep(60)"], text=True)
    try:
        time.sleep(0.2)
        (line,) = process_lines({KEY: started(process)})[KEY]
        assert "canary" not in line.name
        assert line.name.startswith("python")
    finally:
        process.kill()
        process.wait()
