"""`machine`: what the host does, who takes what, and the processes of each running task."""

import argparse
import sys
import time
from typing import Any

from callboard.cli import DONE
from callboard.commands.cells import cut, pad
from callboard.commands.doors import reading_desk, settings_of
from callboard.commands.show import plain, print_json
from callboard.errors import ConfigError

UNITS = {"m": 60, "h": 3600, "d": 86400}


def machine(given: argparse.Namespace) -> int:
    """Prints the present; with `--last 6h` also which tasks used the host in that time."""
    since = time.time() - _seconds(given.last) if given.last else None
    row = reading_desk(settings_of(given)).machine(since)
    if given.json:
        print_json(row)
        return DONE
    _print_host(row["host"])
    for task in row["tasks"]:
        sys.stdout.write(f"\n{task['name']} {task['id']}: {_cpus(task['cpus_now'])}, {_mib(task['memory_now_mb'])}\n")
        for line in task["process_tree"]:
            name = cut("  " * line["depth"] + plain(line["name"]), 48)
            sys.stdout.write(
                f"  {pad(name, 50)} {line['pid']:>8} {line['memory_mb']:>9.1f} MiB {line['cpu_s']:>8.1f} s\n"
            )
    if row["users"]:
        sys.stdout.write(f"\nin the last {given.last}:\n")
    for user in row["users"]:
        words = f"{_cpus(user['cpus'])} on average, about {user['cpu_s']:.0f} s of CPU, at most {_mib(user['peak_mb'])}"
        sys.stdout.write(f"  {pad(cut(plain(user['name']), 40), 42)} {user['id']:>8}  {words}\n")
    return DONE


def _seconds(text: str) -> float:
    number, unit = text[:-1], text[-1:]
    if unit not in UNITS or not number.isdecimal() or not 0 < int(number) <= 10_000:
        raise ConfigError(f"--last '{text[:20]}' is no time; write 30m, 6h or 7d")
    return int(number) * UNITS[unit]


def _print_host(host: dict[str, Any]) -> None:
    taken, capacity = host.get("taken") or {}, host.get("capacity") or {}
    lines = []
    if host.get("cpu_percent") is None:
        lines.append(("host", "not measured: nothing runs for this data folder, or it has only just begun"))
    else:
        lines += [
            ("cpu", f"{host['cpu_percent']:.0f} % of {host['cpus']} cores"),
            ("memory", f"{_mib(host['memory_used_mb'])} of {_mib(host['memory_total_mb'])}"),
            ("disk", f"{host['disk_free_gb']:.0f} of {host['disk_total_gb']:.0f} GB free"),
        ]
    held = f"{_cpus(taken.get('cpus'))} of {_cpus(capacity.get('cpus'))}, {_mib(taken.get('memory_mb'))}"
    lines.append(("held", held))
    lines += [("lock", f"{plain(lock['name'])}: {', '.join(lock['holders'])}") for lock in host.get("locks") or ()]
    for name, words in lines:
        sys.stdout.write(f"{name:<8}{words}\n")


def _cpus(value: float | None) -> str:
    return f"{value or 0:.2f} cpu"


def _mib(value: float | None) -> str:
    return f"{value or 0:.0f} MiB"
