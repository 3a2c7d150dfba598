"""`callboard boundary`: what the platform is spared, by whose rule, and what was refused lately."""

import argparse
import sys

from callboard.cli import DONE
from callboard.commands.doors import settings_of
from callboard.commands.show import ago, paint, plain, print_json, table
from callboard.desk.sparing import boundary_row

MOST = 10


def boundary(given: argparse.Namespace) -> int:
    """Read from the workspace and the data folder; needs no server."""
    settings = settings_of(given)
    row = boundary_row(settings.workspace, settings.data)
    if given.json:
        print_json(row)
        return DONE
    where = f"{row['file']} and the defaults" if row["file"] else "the defaults: no callboard.toml"
    sys.stdout.write(f"What the platform is spared, by {plain(where, 300)}\n")
    if row["why"]:
        sys.stdout.write(paint(f"{plain(row['why'], 500)}\n", "31"))
    rows = [(rule["rule"], _shown(rule["value"]), rule["by"], rule["words"]) for rule in row["rules"]]
    rows += [(rule["rule"], "always", "fixed", rule["words"]) for rule in row["fixed"]]
    table(rows, ("RULE", "VALUE", "BY", "WHAT IT MEANS"))
    refused = row["refused"]
    if not refused:
        sys.stdout.write("\nNothing was refused yet.\n")
        return DONE
    sys.stdout.write("\nRefused lately:\n")
    for one in refused[:MOST]:
        times = f" ({one['times']} times)" if one["times"] > 1 else ""
        sys.stdout.write(
            f"{ago(one['at']):>14}  {plain(one['who'])}: {plain(one['words'], 300)} [{plain(one['rule'])}]{times}\n"
        )
    return DONE


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return plain(", ".join(map(str, value)), 300) or "none"
    return f"{value:g}" if isinstance(value, float) else plain(str(value))
