"""`platform`: how the platform is spared, the drain, handing a release over, and verifying what was handed over."""

import argparse
import json
import re
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from callboard.cli import DONE, FAILED
from callboard.commands.doors import reading_desk, remote_desk, settings_of
from callboard.commands.show import ago, paint, plain, print_json, table
from callboard.errors import ConfigError, NotFound
from callboard.guard.signing import LONGEST_FILE, Signer, why_not
from callboard.guard.trust import user_name
from callboard.settings import Settings

UNITS = {"m": 60.0, "h": 3600.0, "d": 86_400.0}


def platform(given: argparse.Namespace) -> int:
    """All of it, or one act."""
    settings = settings_of(given)
    match given.act:
        case "drain":
            return _drain(settings, given)
        case "handoff":
            return _handoff(settings, given)
        case "verify":
            return _verify(settings, given)
        case _:
            pass
    row = reading_desk(settings).coordination()
    if given.json:
        print_json(row)
    else:
        _say(row)
    return DONE


def _say(row: Any) -> None:
    for rule in row["rules"]:
        word = "holds" if rule["active"] else "on" if rule["on"] else "off"
        since = f", since {ago(rule['since'])}" if rule["since"] else ""
        sys.stdout.write(
            f"{paint(word, '33' if rule['active'] else '32' if rule['on'] else '2')} {plain(rule['words'], 500)}\n"
        )
        if rule["on"]:
            sys.stdout.write(f"  {plain(rule['why'], 500)}{since}\n")
    if row["holding"]:
        count = row["holding"]
        sys.stdout.write(f"{count} heavy task{' waits' if count == 1 else 's wait'} for the platform\n")
    sys.stdout.write("\n")
    if row["endpoints"]:
        table(
            [
                (one["name"], _ms(one["p50"]), _ms(one["p95"]), _percent(one["success"]),
                 "" if one["n"] is None else str(one["n"]), _failure(one), one["url"])
                for one in row["endpoints"]
            ],
            ("ENDPOINT", "P50", "P95", "GOOD", "N", "LAST FAILURE", "ADDRESS"),
        )  # fmt: skip
        sys.stdout.write("\n")
    _say_drain(row["drain"])
    if row["handoffs"]:
        sys.stdout.write("\n")
        table(
            [
                (one["id"], one["environment"], one["version"], one["commit"][:12], f"{len(one['checks'])} green", one["by"],
                 ago(one["at"]), f"seen {ago(one['seen'])}" if one["seen"] else "not seen yet")
                for one in row["handoffs"]
            ],
            ("HANDOFF", "ENVIRONMENT", "VERSION", "COMMIT", "CHECKS", "BY", "MADE", "PLATFORM"),
        )  # fmt: skip
    if row["key"]:
        sys.stdout.write(f"public key (Ed25519): {row['key']}\n")


def _say_drain(drain: Any) -> None:
    if not drain["wanted"]:
        sys.stdout.write("the platform may take work\n")
        return
    until = f" until {datetime.fromtimestamp(drain['until']).strftime('%Y-%m-%d %H:%M')}" if drain["until"] else ""
    why = f": {plain(drain['reason'], 500)}" if drain["reason"] else ""
    seen = f"seen by the platform {ago(drain['seen'])}" if drain["seen"] else "the platform has not asked yet"
    sys.stdout.write(f"{plain(drain['by'])} asks the platform to take no new work{until}{why} ({seen})\n")


def _drain(settings: Settings, given: argparse.Namespace) -> int:
    if given.what not in ("on", "off"):
        raise ConfigError("say `callboard platform drain on` or `callboard platform drain off`")
    wanted = given.what == "on"
    until = _moment(given.until, time.time()) if given.until else None
    row = _with_desk(settings, lambda desk: desk.set_drain(wanted, user_name(), given.reason, until))
    if given.json:
        print_json(row)
    else:
        _say_drain(row)
        if row["wanted"]:
            sys.stdout.write(
                f"it stands in {settings.data / 'platform' / 'drain.json'} too; Callboard stops nothing there\n"
            )
    return DONE


def _handoff(settings: Settings, given: argparse.Namespace) -> int:
    row = _with_desk(settings, lambda desk: desk.handoff(given.what, given.version, given.address, user_name()))
    signed = {
        "id": row["id"],
        "algorithm": "Ed25519",
        "key": row["key"],
        "signature": row["signature"],
        "record": row["record"],
    }
    if given.output:
        given.output.write_text(json.dumps(signed, indent=1, ensure_ascii=False) + "\n", "utf-8")
    if given.json:
        print_json(row)
        return DONE
    sys.stdout.write(
        f"handed over {plain(row['version'])} ({row['commit'][:12]}) in {plain(row['environment'])}"
        f"{' at ' + plain(row['address']) if row['address'] else ''}: {len(row['checks'])} checks green, handoff {row['id']}\n"
    )
    if given.output:
        sys.stdout.write(f"written to {given.output}; `callboard platform verify {given.output}` checks it\n")
    return DONE


def _with_desk(settings: Settings, act: Any) -> Any:
    remote = remote_desk(settings)
    if remote is not None:
        return act(remote)
    from callboard.wiring import House

    with House(settings, quiet=True) as house:
        return act(house.desk)


def _verify(settings: Settings, given: argparse.Namespace) -> int:
    if not given.what:
        raise ConfigError("name the file: `callboard platform verify FILE`")
    file = Path(given.what)
    if not file.is_file() or file.stat().st_size > LONGEST_FILE:
        raise NotFound(f"{file} is no file with a handoff")
    try:
        told = json.loads(file.read_bytes())
        signed = {name: told[name] for name in ("record", "signature", "key")}
    except (ValueError, KeyError, TypeError, RecursionError):
        signed = {"record": None, "signature": "", "key": ""}
    trusted = given.key or Signer(settings.data).public()
    wrong = why_not(signed["record"], str(signed["signature"]), trusted or str(signed["key"]))
    if not wrong and not trusted:
        wrong = "the signature fits the key in the file, but whose key that is nobody said; give the one that you trust with --key"
    if given.json:
        print_json({"verified": not wrong, "why": wrong, "key": trusted, "record": signed["record"]})
    elif wrong:
        sys.stdout.write(f"not verified: {wrong}\n")
    else:
        record = signed["record"]
        sys.stdout.write(
            f"verified: version {plain(str(record.get('version')))} ({plain(str(record.get('commit')))[:12]}) in "
            f"{plain(str(record.get('environment')))}, {len(record.get('checks') or [])} checks, signed by {trusted}\n"
        )
    return FAILED if wrong else DONE


def _moment(words: str, now: float) -> float:
    """'30m', '2h', '1d', or a time such as 2027-01-31T09:00 of this machine's clock; raises `ConfigError`."""
    length = re.fullmatch(r"(\d{1,5})([mhd])", words)
    if length:
        return now + float(length[1]) * UNITS[length[2]]
    try:
        return datetime.fromisoformat(words).astimezone().timestamp()
    except (ValueError, OverflowError) as error:
        raise ConfigError(f"'{words[:40]}' is no time; say 30m, 2h, 1d, or a time such as 2027-01-31T09:00") from error


def _ms(value: float | None) -> str:
    return "?" if value is None else f"{value:.0f} ms"


def _percent(value: float | None) -> str:
    return "?" if value is None else f"{value:.0f} %"


def _failure(row: Any) -> str:
    if row["paused"]:
        return plain(str(row["paused"]), 200)
    failed = row["last_failure"]
    return f"{ago(failed['at'])}: {plain(failed['words'], 200)}" if failed else ""
