"""`ci` shows what CI would do, beside what the pipeline does here."""

import argparse
import sys
from typing import Any

from callboard.cli import DONE
from callboard.commands.doors import reading_desk, settings_of
from callboard.commands.show import paint, plain, print_json

MARKS = {"same": ("=", "32"), "like": ("~", "33"), "none": ("!", "31"), "unknown": ("?", "2")}


def ci(given: argparse.Namespace) -> int:
    """GitHub Actions files against a pipeline."""
    row = reading_desk(settings_of(given)).ci(given.pipeline)
    if given.json:
        print_json(row)
    else:
        _print(row)
    return DONE


def _print(row: dict[str, Any]) -> None:
    out = sys.stdout
    if not row["there"]:
        out.write("there are no files in .github/workflows; what other services of CI do is not read\n")
        return
    for workflow in row["workflows"]:
        when = f"  on {plain('; '.join(workflow['triggers']), 200)}" if workflow["triggers"] else ""
        out.write(f"{paint(plain(workflow['name']), '1')}  {plain(workflow['path'])}{paint(when, '2')}\n")
        for job in workflow["jobs"]:
            axes = "".join(f", {plain(m['axis'])} {plain(' '.join(m['values']), 120)}" for m in job["matrix"])
            after = f", after {plain(', '.join(job['needs']))}" if job["needs"] else ""
            calls = f", calls {plain(job['calls'])}" if job["calls"] else ""
            on = f" on {plain(job['runs_on'])}{axes}{after}{calls}"
            out.write(f"  {plain(job['name'])}{paint(on, '2')}\n")
            for step in job["steps"]:
                for check in step["checks"]:
                    mark, colour = MARKS[check["state"]]
                    out.write(
                        f"    {paint(mark, colour)} {plain(check['text'], 100)}  {paint(plain(check['words'], 200), '2')}\n"
                    )
    if row["differences"]:
        out.write(paint(f"\ndifferences to the pipeline '{plain(row['pipeline'])}'\n", "1"))
    for found in row["differences"]:
        mend = f"; {plain(found['mend'], 200)}" if found["mend"] else ""
        times = f" ({found['times']} times)" if found["times"] > 1 and found["kind"] != "only here" else ""
        out.write(f"  {found['kind']}: {plain(found['words'], 400)}{times}{mend}\n")
    for trouble in row["trouble"]:
        place = plain(trouble["path"]) + (f":{trouble['line']}" if trouble["line"] else "")
        out.write(paint(f"note: {place}: {plain(trouble['words'], 300)}\n", "33"))
