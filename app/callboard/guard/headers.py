"""What every response tells the browser: which code may run, who may frame it, what may be kept."""

from callboard.guard.wire import Header, Message

ASSETS = ("/_nicegui/", "/static/", "/favicon.ico")
DYNAMIC = "/dynamic_resources/"

# Vue compiles templates in the browser and NiceGUI starts its page by an inline script: both need their 'unsafe-'
# word. What is left keeps every byte of code and every connection on this server.
PAGE_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; connect-src 'self' {sockets}; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-src 'none'; frame-ancestors 'none'"
)
NOTICE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
DATA_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"

ALWAYS: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
)
OURS = frozenset(key for key, _ in ALWAYS) | {b"content-security-policy", b"server"}


def secured(message: Message, path: str, origins: frozenset[str], *, notice: bool = False) -> Message:
    """The start of a response with our headers in the place of the application's own; CORS grants are taken out."""
    kept = [(key.lower(), value) for key, value in message.get("headers", ())]
    kept = [(key, value) for key, value in kept if key not in OURS and not key.startswith(b"access-control-")]
    kind = next((value for key, value in kept if key == b"content-type"), b"")
    asset = path.startswith(ASSETS) and DYNAMIC not in path and message["status"] in (200, 206, 304)
    if not (asset and any(key == b"cache-control" for key, _ in kept)):
        kept = [(key, value) for key, value in kept if key not in (b"cache-control", b"expires", b"pragma")]
        kept.append((b"cache-control", b"no-store"))
    kept.extend(ALWAYS)
    if notice:
        kept.append((b"content-security-policy", NOTICE_POLICY.encode()))
    elif kind.startswith(b"text/html") and not path.startswith("/api/"):
        # 'self' covers sockets in browsers of today; a policy cannot spell an IPv6 address
        sockets = " ".join(sorted(origin.replace("http", "ws", 1) for origin in origins if "[" not in origin))
        kept.append((b"content-security-policy", PAGE_POLICY.format(sockets=sockets).encode()))
    elif not asset:
        kept.append((b"content-security-policy", DATA_POLICY.encode()))
    return {**message, "headers": kept}
