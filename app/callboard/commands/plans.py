"""`plan` shows what a run would do; `init` writes it down as `callboard.toml`."""

import argparse
import sys
from typing import Any

from callboard.cli import DONE, USAGE
from callboard.commands.doors import reading_desk, remote_desk, settings_of
from callboard.commands.show import duration, paint, plain, print_json


def plan(given: argparse.Namespace) -> int:
    """The plan of a pipeline."""
    settings = settings_of(given)
    row = reading_desk(settings).plan(given.pipeline, given.only, given.skip, str(settings.workspace))
    if given.json:
        print_json(row)
    else:
        _print_plan(row)
    return DONE if not row["trouble"] or row["jobs"] else USAGE


def _print_plan(row: dict[str, Any]) -> None:
    out = sys.stdout
    span = row["span"]
    whole = f"about {duration(span['p50'])}, at most about {duration(span['p80'])}" if span else "no time can be given"
    out.write(
        paint(
            f"{plain(row['workspace'])}: pipeline '{plain(row['pipeline'])}', {len(row['jobs'])} jobs, {whole}\n", "1"
        )
    )
    capacity = row["capacity"]
    out.write(
        f"{capacity['cpus']:g} cpus and {capacity['memory_mb'] / 1024:.1f} GiB are free for tasks; {row['note']}\n\n"
    )
    names = {job["id"]: job["name"] for job in row["jobs"]}
    for job in sorted(row["jobs"], key=lambda job: (job["start"]["p50"] if job["start"] else 1e12, job["id"])):
        needs = job["needs"]
        locks = "".join(f", lock '{lock['name']}'" + (" shared" if lock["shared"] else "") for lock in needs["locks"])
        when = f"{duration(job['start']['p50'])} – {duration(job['end']['p80'])}" if job["start"] else "never"
        critical = paint(" critical path", "36") if job["critical"] else ""
        out.write(f"{paint(plain(job['name']), '1')}  {when}{critical}\n")
        out.write(f"    {needs['cpus']:g} cpus, {needs['memory_mb']:.0f} MiB{locks}; {plain(job['estimate_from'])}\n")
        if job["depends"]:
            out.write(f"    needs {', '.join(names[i] for i in job['depends'])}\n")
        if job["after"]:
            out.write(f"    after {', '.join(names[i] for i in job['after'])}\n")
        if job["title"]:
            out.write(f"    $ {plain(job['title'])}\n")
        if job["because"]:
            out.write(paint(f"    because {plain(job['because'], 300)}\n", "2"))
    for words in (*row["notes"], *row["trouble"]):
        out.write(paint(f"note: {plain(words, 1000)}\n", "33"))


def init(given: argparse.Namespace) -> int:
    """Writes `callboard.toml`; an existing one only with --force."""
    from callboard.config import CONFIG_NAME, write_config
    from callboard.planning import prepare

    settings = settings_of(given)
    target = settings.workspace / CONFIG_NAME
    if target.exists() and not given.force:
        sys.stderr.write(f"callboard: {target} is there already; edit it, or overwrite it with --force\n")
        return USAGE
    former = target.read_bytes() if target.exists() else None
    if former is not None:
        target.unlink()
    try:
        prepared = prepare(settings.workspace, settings.data)
        text = write_config(settings.workspace, prepared.built)
    except BaseException:
        if former is not None:
            target.write_bytes(former)
        raise
    target.write_text(text, "utf-8")
    sys.stdout.write(f"wrote {target} with {len(prepared.built.specs)} jobs\n")
    for words in (*prepared.troubles, *prepared.built.notes):
        sys.stderr.write(f"note: {plain(words, 1000)}\n")
    if remote_desk(settings) is not None:
        sys.stdout.write("the running server reads it with the next run\n")
    return DONE
