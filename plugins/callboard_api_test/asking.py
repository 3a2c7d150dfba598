"""One request to a throw-away instance, and its answer; redirects are never followed."""

import http.client
import time
from collections.abc import Mapping
from dataclasses import dataclass

from callboard.api import CallboardError
from callboard_api_test.instance import Instance

SECONDS = 10.0
LARGEST_ANSWER = 2_000_000


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, headers by lower case name, the beginning of the body, and the cookies that were set."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cookies: Mapping[str, str]

    @property
    def refuses(self) -> bool:
        """Whether it asks for (other) credentials: 401, 403, or a way to a page where one signs in."""
        place = self.headers.get("location", "").lower()
        leads = any(word in place for word in ("login", "signin", "sign-in", "sign_in", "auth"))
        return self.status in (401, 403) or (self.status in (301, 302, 303, 307, 308) and leads)

    @property
    def serves(self) -> bool:
        """Whether it did what was asked for."""
        return 200 <= self.status < 300 or (300 <= self.status < 400 and not self.refuses)


def ask(
    instance: Instance, method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
) -> Reply:
    """Sends it to the instance and nobody else. Raises `CallboardError` when no whole answer comes."""
    connection = http.client.HTTPConnection("127.0.0.1", instance.port, timeout=SECONDS)
    until = time.monotonic() + SECONDS
    try:
        connection.request(method.upper(), target, body=body, headers={"Accept": "*/*", **(headers or {})})
        answer = connection.getresponse()
        text = b""
        while time.monotonic() < until and len(text) < LARGEST_ANSWER and (chunk := answer.read1(65_536)):
            text += chunk
        named = {name.lower(): value for name, value in answer.getheaders()}
        cookies = [value.split(";")[0].partition("=") for value in answer.headers.get_all("Set-Cookie") or []]
        return Reply(answer.status, named, text, {name.strip(): value for name, _, value in cookies})
    except (OSError, http.client.HTTPException, ValueError) as error:
        if not isinstance(error, TimeoutError):
            instance.settle()
        raise CallboardError(f"{method.upper()} {target} gave no answer: {type(error).__name__}: {error}") from error
    finally:
        connection.close()
