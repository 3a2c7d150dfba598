"""How an order is put for the wrapper: plain values with all limits worked out."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from callboard.core.boundary import boundary_from
from callboard.core.task import AttemptKey, TaskSpec
from callboard.launch.spool import scratch_folder, spool_folder
from callboard.ports import Order
from callboard.work.sparing.commands import check_command
from callboard.work.sparing.rules import child_environment, rules_of

LEAST_MEMORY_MB = 2048.0


def memory_limit_mb(spec: TaskSpec) -> float:
    """The limit of the whole tree: as declared, else four times what it needs, at least 2 GiB."""
    return spec.limits.memory_mb or max(4 * spec.needs.memory_mb, LEAST_MEMORY_MB)


def cookie_of(data_id: str, key: AttemptKey, epoch: int | None = None) -> str:
    """The mark that all processes of an attempt carry; without the epoch it is the beginning of that mark."""
    return f"{data_id}:{key}:{'' if epoch is None else epoch}"


def frame_of(order: Order, data: Path, data_id: str, environment: Mapping[str, str] | None = None) -> bytes:
    """The order as JSON; `environment` is what attempts see of the user's.

    Raises ValueError or TypeError for one that cannot be put so, `BoundaryError` for a command that would listen on a protected
    port or that names what is live.
    """
    key, spec, limits = order.key, order.spec, order.spec.limits
    if any("\0" in word for word in (*spec.argv, spec.folder, order.workspace)):
        raise ValueError("a NUL character cannot be handed to a program")
    fields: dict[str, Any] = {
        "cookie": cookie_of(data_id, key, order.epoch),
        "data": str(data),
        "spool": spool_folder(str(data), *key),
        "scratch": scratch_folder(str(data), *key),
        "workspace": order.workspace,
        "folder": spec.folder,
        "time_s": limits.time_s,
        "memory_mb": memory_limit_mb(spec),
        "output_mb": limits.output_mb,
        "processes": limits.processes,
        "gives_way": spec.heavy and not spec.undo and (spec.idempotent or bool(spec.argv)),
    }
    if spec.argv:
        boundary = boundary_from(order.config.get("boundary", {}))
        check_command(boundary, spec.argv, Path(order.workspace) / spec.folder)
        fields["argv"] = spec.argv
        rules = rules_of(boundary, order.workspace, data, f"{spec.name} ({key})")
        fields["added"] = child_environment(rules, environment or {})
    else:
        fields |= {
            "plugin": spec.plugin,
            "agent": spec.agent,
            "action": spec.action,
            "name": spec.name,
            "attempt": key.attempt,
            "options": spec.options,
            "config": order.config,
            "by": order.by,
            "undoes": spec.undoes,
            "before": [
                {"name": b.name, "action": b.action, "state": b.state, "spool": spool_folder(str(data), *b.key)}
                for b in order.before
            ],
        }
    return json.dumps(fields, default=_plain).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} cannot be handed to an attempt")
