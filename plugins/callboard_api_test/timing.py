"""Timing plain requests to an instance, one after the other."""

import http.client
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from callboard.api import Context
from callboard_api_test.instance import Instance
from callboard_api_test.openapi import Operation, resolved

SECONDS_EACH = 5.0
LARGEST_ANSWER = 20_000_000


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds of the answered requests to one operation, in order, and how many answers were of each status.

    `endless` when an answer did not end in time or by size; `trouble` says why no more was sent,
    `refused` what the instance was refused to do meanwhile.
    """

    operation: str
    milliseconds: tuple[float, ...]
    statuses: Mapping[int, int]
    trouble: str = ""
    endless: bool = False
    refused: str = ""

    @property
    def good(self) -> bool:
        """Whether what was timed is the operation itself, and not a refusal or an error."""
        return bool(self.milliseconds) and all(200 <= status < 400 for status in self.statuses)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of the values that at least `share` (0 to 1) of them do not exceed (nearest rank)."""
    ordered = sorted(values)
    rank = max(1, -(-round(share * 1000) * len(ordered) // 1000))
    return ordered[rank - 1]


def is_plain(document: Mapping[str, object], operation: Operation) -> bool:
    """Whether it is a GET that can be sent as it is."""
    if operation.method != "get" or "{" in operation.path:
        return False
    own = operation.item.get("parameters")
    given = [*operation.shared, *(own if isinstance(own, list) else [])]
    return not any(resolved(document, parameter).get("required") is True for parameter in given)


def timed(ctx: Context, instance: Instance, operation: Operation, requests: int, headers: Mapping[str, str]) -> Times:
    """Sends one request that does not count, then `requests` more or as many as fit into SECONDS_EACH.

    Nothing more is sent after a 5xx.
    """
    ctx.boundary.check_request("GET", f"{instance.url}{operation.path}")
    connection = http.client.HTTPConnection("127.0.0.1", instance.port, timeout=SECONDS_EACH)
    milliseconds: list[float] = []
    statuses: dict[int, int] = {}
    trouble = ""
    endless = False
    refusals = len(instance.refused)
    deadline = time.monotonic() + SECONDS_EACH
    try:
        for number in range(requests + 1):
            started = time.perf_counter()
            status = _status(connection, operation.path, headers, deadline)
            statuses[status] = statuses.get(status, 0) + 1
            if number:
                milliseconds.append((time.perf_counter() - started) * 1000)
            if status >= 500 or time.monotonic() > deadline:
                break
    except TimeoutError:
        endless, trouble = True, "the answer does not end"
    except (OSError, http.client.HTTPException, ValueError) as error:
        trouble = f"{type(error).__name__}: {error}"
        instance.settle()
    finally:
        connection.close()
    refused = next((refusal.what for refusal in instance.refused[refusals:]), "")
    return Times(operation.label, tuple(milliseconds), statuses, trouble, endless, refused)


def _status(connection: http.client.HTTPConnection, path: str, headers: Mapping[str, str], deadline: float) -> int:
    connection.request("GET", path, headers={"Accept": "*/*", **headers})
    answer = connection.getresponse()
    size = 0
    while chunk := answer.read1(65_536):
        size += len(chunk)
        if size > LARGEST_ANSWER or time.monotonic() > deadline:
            raise TimeoutError("the answer does not end")
    answer.close()  # only then may the connection be used again
    return answer.status
