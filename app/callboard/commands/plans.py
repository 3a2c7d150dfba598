"""`plan` shows what a run would do; `init` writes it down as `callboard.toml`."""

import argparse
import sys
from pathlib import Path
from typing import Any

from callboard.cli import DONE, USAGE
from callboard.commands.doors import reading_desk, remote_desk, settings_of
from callboard.commands.options import job_options
from callboard.commands.show import duration, paint, plain, print_json


def plan(given: argparse.Namespace) -> int:
    """The plan of a pipeline."""
    settings = settings_of(given)
    row = reading_desk(settings).plan(
        given.pipeline,
        given.only,
        given.skip,
        str(settings.workspace),
        affected=given.affected,
        options=job_options(given.option),
    )
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
    if row["unchanged"]:
        out.write(paint(f"{row['unchanged']} of {len(row['jobs'])} jobs are unchanged and will not run\n\n", "32"))
    for job in sorted(row["jobs"], key=lambda job: (job["start"]["p50"] if job["start"] else 1e12, job["id"])):
        if job["stands_for"]:
            out.write(f"{paint(plain(job['name']), '1')}  {paint(plain(job['affected'], 300), '32')}\n")
            continue
        needs = job["needs"]
        locks = "".join(f", lock '{lock['name']}'" + (" shared" if lock["shared"] else "") for lock in needs["locks"])
        when = f"{duration(job['start']['p50'])} – {duration(job['end']['p80'])}" if job["start"] else "never"
        critical = paint(" critical path", "36") if job["critical"] else ""
        out.write(f"{paint(plain(job['name']), '1')}  {when}{critical}\n")
        out.write(f"    {needs['cpus']:g} cpus, {needs['memory_mb']:.0f} MiB{locks}; {plain(job['estimate_from'])}\n")
        if needs["learned"]:
            out.write(paint(f"    {plain(needs['learned'], 300)}\n", "2"))
        if job["affected"]:
            out.write(f"    {plain(job['affected'], 300)}\n")
        if job["depends"]:
            out.write(f"    needs {', '.join(names[i] for i in job['depends'])}\n")
        if job["after"]:
            out.write(f"    after {', '.join(names[i] for i in job['after'])}\n")
        if job["title"]:
            out.write(f"    $ {plain(job['title'])}\n")
        if job["because"]:
            out.write(paint(f"    because {plain(job['because'], 300)}\n", "2"))
        _print_more(job)
    _print_around(row)
    for words in (*row["notes"], *row["trouble"]):
        out.write(paint(f"note: {plain(words, 1000)}\n", "33"))


def _print_more(job: dict[str, Any]) -> None:
    """What a person may want to know of one job before it runs."""
    out = sys.stdout
    effects = job.get("effects") or {}
    touches = [
        f"writes {', '.join(effects['writes'])}" if effects.get("writes") else "",
        f"changes {effects['environment']}" if effects.get("environment") else "",
        "uses the network" if effects.get("network") else "",
    ]
    if any(touches):
        out.write(f"    {plain(', '.join(word for word in touches if word), 300)}\n")
    for gate in job.get("gates", ()):
        shut = "" if gate["jobs"] else paint(", but no job before it fits: the gate stays shut", "31")
        out.write(f"    gate: '{plain(gate['pattern'])}' has to be green{shut}\n")
    if job.get("undo"):
        out.write(f"    if it fails, {plain(job['undo'])} takes back what it did\n")
    if job.get("asks"):
        out.write(paint(f"    may ask a person: {plain(job['asks'], 300)}\n", "33"))
    for why in job.get("refused", ()):
        out.write(paint(f"    the boundary refuses: {plain(why, 300)}\n", "31"))
    here = job.get("here")
    if here and here["ready"] is not True:
        word = "cannot work here" if here["ready"] is False else "works here in part"
        out.write(paint(f"    {word}: {plain(here['words'], 300)}\n", "31" if here["ready"] is False else "33"))


def _print_around(row: dict[str, Any]) -> None:
    """What is about several jobs, or about those that do not run."""
    out = sys.stdout
    apart = [lock for lock in row.get("locks", ()) if lock["apart"]]
    if apart or row.get("left"):
        out.write("\n")
    for lock in apart:
        out.write(f"lock '{plain(lock['name'])}' keeps apart: {plain(', '.join(lock['jobs']), 300)}\n")
    by_reason: dict[str, list[str]] = {}
    for left in row.get("left", ()):
        by_reason.setdefault(left["why"], []).append(left["name"])
    for why, names in by_reason.items():
        out.write(paint(f"left out, {plain(why, 200)}: {plain(', '.join(names), 600)}\n", "2"))


def init(given: argparse.Namespace) -> int:
    """Writes `callboard.toml`; with --force an existing one is kept beside it as `callboard.toml.bak`."""
    from callboard.config import CONFIG_NAME, write_config
    from callboard.planning import prepare

    settings = settings_of(given)
    target = settings.workspace / CONFIG_NAME
    kept: Path | None = None
    if target.exists() or target.is_symlink():
        if not given.force:
            sys.stderr.write(f"callboard: {target} is there already; edit it, or write a new one with --force\n")
            return USAGE
        kept = _put_aside(target)
    try:
        prepared = prepare(settings.workspace, settings.data)
        with open(target, "x", encoding="utf-8") as file:
            file.write(write_config(settings.workspace, prepared.built))
    except BaseException:
        if kept is not None:
            kept.replace(target)
        raise
    sys.stdout.write(f"wrote {target} with {len(prepared.built.specs)} jobs\n")
    if kept is not None:
        sys.stdout.write(
            f"the former one is {kept}; take over from it what you wrote yourself (services, endpoints, schedules, …)\n"
        )
    for words in (*prepared.troubles, *prepared.built.notes):
        sys.stderr.write(f"note: {plain(words, 1000)}\n")
    if remote_desk(settings) is not None:
        sys.stdout.write("the running server reads it with the next run\n")
    sys.stdout.write("look at it, then `callboard run --trust`: what is trusted is the file as it is\n")
    return DONE


def _put_aside(target: Path) -> Path:
    """Renames the file to the first free name of callboard.toml.bak, callboard.toml.bak2 and so on."""
    number = 1
    while True:
        aside = target.with_name(f"{target.name}.bak{number if number > 1 else ''}")
        if not (aside.exists() or aside.is_symlink()):
            target.rename(aside)
            return aside
        number += 1
