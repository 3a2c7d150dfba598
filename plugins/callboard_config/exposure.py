"""Settings of web front ends: secrets that would go into the bundle, and names that the bundler leaves out of it."""

import re
from collections.abc import Iterator

from callboard.api import Finding, Severity, Workspace
from callboard_config.observed import Seen
from callboard_config.places import is_docs, is_test
from callboard_config.read import Read
from callboard_config.secrecy import is_secret_name

PUBLIC_PREFIXES = (
    "NEXT_PUBLIC_", "VITE_", "REACT_APP_", "NUXT_PUBLIC_", "EXPO_PUBLIC_", "GATSBY_", "VUE_APP_", "PUBLIC_", "PARCEL_PUBLIC_",
)  # fmt: skip
WORST = re.compile(r"SECRET|PASSWORD|PASSWD|PRIVATE|PASSPHRASE|CREDENTIALS?$")
MEANT_TO_BE_PUBLIC = re.compile(
    r"ANON|PUBLISHABLE|PUBLIC_KEY|SITE_?KEY|MAPBOX|MAPS|FIREBASE|POSTHOG|SENTRY|ALGOLIA|RECAPTCHA|TURNSTILE|GA_|MIXPANEL"
)
BUNDLERS = ("astro", "@sveltejs/kit", "nuxt", "vike", "@remix-run/dev")


def public_prefix(name: str) -> str:
    """The prefix by which a bundler puts a setting into what browsers get, '' for none."""
    return next((prefix for prefix in PUBLIC_PREFIXES if name.startswith(prefix)), "")


def exposed(workspace: Workspace, seen: Seen) -> Iterator[tuple[str, Finding]]:
    """Secrets under public names, and reads that a bundler fills with nothing."""
    yield from _public_secrets(seen)
    yield from _not_bundled(workspace, seen)


def _public_secrets(seen: Seen) -> Iterator[tuple[str, Finding]]:
    places: dict[str, tuple[str, int]] = {}
    for read in seen.reads:
        if not is_test(read.path):
            places.setdefault(read.name, (read.path, read.line))
    for file in seen.files:
        for entry in file.entries:
            if not is_test(file.path):
                places.setdefault(entry.name, (file.path, entry.line))
    for name, (path, line) in sorted(places.items()):
        prefix = public_prefix(name)
        rest = name.removeprefix(prefix)
        if not prefix or not is_secret_name(rest) or MEANT_TO_BE_PUBLIC.search(rest):
            continue
        severity = Severity.HIGH if WORST.search(rest) else Severity.MEDIUM
        yield (
            name,
            Finding(
                rule="setting-public-secret",
                severity=Severity.LOW if is_docs(path) else severity,
                message=f"'{name}' is named as a secret, and {prefix}* settings are written into what every browser gets",
                path=path,
                line=line,
                help=f"Read it on the server alone, as {rest}; or give it a name that says that it may be known",
            ),
        )


def _not_bundled(workspace: Workspace, seen: Seen) -> Iterator[tuple[str, Finding]]:
    """`import.meta.env.X` of Vite without the prefix that Vite asks for is undefined."""
    reads = [r for r in seen.reads if r.how == "import.meta.env" and not public_prefix(r.name) and not is_test(r.path)]
    if not reads or not workspace.has("vite.config.*"):
        return
    if any("envPrefix" in workspace.text(path) for path in workspace.matching("vite.config.*")):
        return
    if any(f'"{name}"' in workspace.text(path) for path in workspace.matching("package.json") for name in BUNDLERS):
        return
    first: dict[str, Read] = {}
    for read in reads:
        first.setdefault(read.name, read)
    for name, read in sorted(first.items()):
        yield (
            name,
            Finding(
                rule="setting-not-exposed",
                severity=Severity.LOW if read.default else Severity.MEDIUM,
                message=f"'{name}' is read here by import.meta.env, and Vite gives only names that begin with VITE_",
                path=read.path,
                line=read.line,
                help=f"Call it VITE_{name} if browsers may know it, else read it on the server",
            ),
        )
