"""`plugin`: makes a new plugin project, checks one, lists what is installed."""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path

from callboard.cli import DONE, FAILED, USAGE
from callboard.commands.doors import settings_of
from callboard.commands.show import paint, plain, print_json, table


def plugin(given: argparse.Namespace) -> int:
    """`plugin new NAME`, `plugin check NAME` or `plugin list`."""
    if given.act == "new":
        return _new(given)
    if given.act == "check":
        return _check(given)
    from callboard.agents.catalogue import scan

    catalogue = scan(settings_of(given).data, rescan=True)
    if given.json:
        print_json(catalogue.to_json()["plugins"])
        return DONE
    table(
        [
            (p.name, p.distribution, p.version, ", ".join(p.agents), p.error or "whole")
            for p in catalogue.plugins
        ],
        ("PLUGIN", "PACKAGE", "VERSION", "AGENTS", "STATE"),
    )  # fmt: skip
    return DONE


def _new(given: argparse.Namespace) -> int:
    from callboard.agents.scaffold import write_plugin

    if not given.name:
        sys.stderr.write("callboard: name the plugin: callboard plugin new NAME\n")
        return USAGE
    made = write_plugin(given.name, Path.cwd())
    sys.stdout.write(f"made {paint(plain(str(made)), '1')}\n")
    return DONE


def _check(given: argparse.Namespace) -> int:
    from callboard.agents.checking import Grade, check_plugin

    if not given.name:
        sys.stderr.write("callboard: name the plugin: callboard plugin check NAME\n")
        return USAGE
    checks = check_plugin(given.name)
    if given.json:
        print_json([asdict(check) for check in checks])
    else:
        for check in checks:
            sys.stdout.write(f"{plain(check.grade):<7} {plain(check.words, 1000)}\n")
    return FAILED if any(check.grade == Grade.FAULT for check in checks) else DONE
