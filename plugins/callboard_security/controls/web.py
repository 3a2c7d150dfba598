"""Controls over web applications: FastAPI, Starlette, Flask, Django, Express."""

import re
from collections.abc import Sequence
from typing import Any

from callboard.api import counted
from callboard_security.controls.control import Judgement, broken, held, open_
from callboard_security.controls.excerpts import redacted
from callboard_security.controls.scene import Evidence, Scene

APPS = (
    "app.fastapi",
    "app.starlette",
    "app.flask",
    "app.express",
    "app.fastify",
    "app.aiohttp",
    "app.litestar",
    "app.sanic",
)
NO_APP = "no FastAPI, Flask, Django, Express or similar application was seen"
NOTHING = "nothing to do while there is none"
PROXIES = (
    "nginx*.conf",
    "*.nginx",
    "*/nginx/*.conf",
    "nginx/*.conf",
    "Caddyfile",
    "traefik*.y*ml",
    "*.vhost",
    "haproxy.cfg",
)
_OFF_BY_DEFAULT = re.compile(r"""(default\s*=\s*|,\s*)(False|'(0|false|False|no|off|)')\s*[,)]""")
_ASIDE = re.compile(r"(^|[/_.-])(dev|develop|development|local|tests?|testing|ci|debug)([/_.-]|$)", re.I)


def _held(scene: Scene, why: str, evidence: Sequence[Evidence]) -> Judgement:
    """It holds, unless files that nobody can parse may say otherwise."""
    _ = scene.facts
    if scene.unread:
        unread = [Evidence("cannot be parsed", path) for path in scene.unread[:10]]
        return open_(f"{why}, but {scene.unread_words()}", "mend them", [*unread, *evidence[:5]])
    return held(why, evidence)


def _none(scene: Scene) -> Judgement:
    """No application was seen; it may be in a file that nobody can parse."""
    if scene.unread:
        unread = [Evidence("cannot be parsed", path) for path in scene.unread[:10]]
        return open_(f"{NO_APP}, but {scene.unread_words()}", "mend them", unread)
    return open_(NO_APP, NOTHING)


def _apps(scene: Scene) -> list[Evidence]:
    return [*scene.seen(*APPS), *(Evidence("Django settings", path) for path in _settings(scene))]


def _settings(scene: Scene) -> dict[str, Any]:
    """Django's settings for production: those not named after development or tests."""
    _ = scene.facts
    return {
        path: values
        for path, values in scene.django.items()
        if not _ASIDE.search(path.rsplit("/", 1)[-1].removesuffix(".py"))
    }


def _setting(scene: Scene, name: str) -> list[tuple[Any, Evidence]]:
    """What the settings say, with the place; where a file named after production says it, that file alone counts."""
    told = [
        (values[name][0], Evidence(redacted(f"{name} = {values[name][0]!r}"), path, values[name][1]))
        for path, values in _settings(scene).items()
        if name in values
    ]
    return [entry for entry in told if "prod" in entry[1].path.lower()] or told


def debug_off(scene: Scene) -> Judgement:
    """Debugging is off where the product runs."""
    apps = _apps(scene)
    on = scene.seen("debug.on") + [place for value, place in _setting(scene, "DEBUG") if value is True]
    on += scene.grep(
        scene.files(".env.prod*", "*prod*.env", "*prod*.yml", "*prod*.yaml"),
        r"\b(DEBUG|FLASK_DEBUG|DJANGO_DEBUG)\b['\"]?\s*[:=]\s*['\"]?(1|true|on|yes)\b",
    )
    if on:
        return broken("debugging is switched on: an error then shows code and settings, or runs commands", on)
    if not apps:
        return _none(scene)
    worked_out = [
        place
        for value, place in _setting(scene, "DEBUG")
        if value is not False and not (isinstance(value, tuple) and _OFF_BY_DEFAULT.search(str(value[-1])))
    ]
    if worked_out:
        return open_(
            "DEBUG is worked out when it starts",
            "let it be off when nothing is set, and say so in the deployment",
            worked_out,
        )
    return _held(scene, "no application is made with debugging on", apps[:10])


def tls(scene: Scene) -> Judgement:
    """Traffic is encrypted, and certificates are checked."""
    off = scene.seen("tls.off")
    if off:
        return broken("certificates are not checked", off)
    on = scene.seen("tls.on") + [place for value, place in _setting(scene, "SECURE_SSL_REDIRECT") if value is True]
    on += scene.grep(scene.files(*PROXIES), r"listen\s+.*443|ssl_certificate|tls:|certResolver|return 301 https")
    if on:
        return _held(scene, "encryption is asked for", on[:10])
    if not _apps(scene):
        return _none(scene)
    return open_(
        "neither code nor proxy configuration asks for HTTPS; something in front may",
        "add the proxy's configuration, HSTS or a redirect to HTTPS",
    )


def cookies(scene: Scene) -> Judgement:
    """Cookies are secure and closed to scripts."""
    bad, good = scene.seen("cookie.bad"), scene.seen("cookie.good")
    for name in ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE"):
        for value, place in _setting(scene, name):
            (bad if value is False else good).append(place)
    if _settings(scene) and not any(_setting(scene, name) for name in ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE")):
        bad += [Evidence("SESSION_COOKIE_SECURE is not set, and off by default", path) for path in _settings(scene)]
    if bad:
        return broken("cookies go over plain HTTP, or scripts may read them", bad)
    return (
        _held(scene, "cookies are secure and closed to scripts", good[:10])
        if good
        else open_("no cookie was seen", NOTHING)
    )


def cors(scene: Scene) -> Judgement:
    """Only named origins may call from a browser."""
    bad, open_to_all, named = scene.seen("cors.bad"), scene.seen("cors.open"), scene.seen("cors.named")
    for name in ("CORS_ALLOW_ALL_ORIGINS", "CORS_ORIGIN_ALLOW_ALL"):
        bad += [place for value, place in _setting(scene, name) if value is True]
    named += [place for name in ("CORS_ALLOWED_ORIGINS", "CORS_ORIGIN_WHITELIST") for _, place in _setting(scene, name)]
    if bad:
        return broken("every origin may call with the user's credentials", bad)
    if open_to_all:
        return open_(
            "every origin may call, without credentials: right for a public API alone",
            "name the origins, or accept it with the reason",
            open_to_all,
        )
    if named:
        return _held(scene, "origins are named", named[:10])
    return (
        open_("no CORS settings were seen; browsers then let no other origin in", NOTHING)
        if _apps(scene)
        else _none(scene)
    )


def csrf(scene: Scene) -> Judgement:
    """Forms and cookies are guarded against forged requests."""
    off, on = scene.seen("csrf.off"), scene.seen("csrf.on")
    for value, place in _setting(scene, "MIDDLEWARE"):
        (on if "CsrfViewMiddleware" in str(value) else off).append(
            Evidence(
                "CsrfViewMiddleware " + ("is on" if "CsrfViewMiddleware" in str(value) else "is missing"),
                place.path,
                place.line,
            )
        )
    if off:
        return broken("protection against forged requests is switched off in places", off)
    if on:
        return held("requests are guarded", on[:10])
    if not _apps(scene):
        return _none(scene)
    return open_(
        "no protection was seen; it is needed where cookies sign a user in",
        "say how users are signed in, or add a CSRF guard",
    )


def headers(scene: Scene) -> Judgement:
    """Answers carry the headers that browsers heed."""
    found = scene.seen("headers.on") + [
        Evidence("SecurityMiddleware", place.path, place.line)
        for value, place in _setting(scene, "MIDDLEWARE")
        if "SecurityMiddleware" in str(value)
    ]
    found += scene.grep(
        scene.files(*PROXIES),
        r"Content-Security-Policy|X-Content-Type-Options|Strict-Transport-Security|X-Frame-Options",
    )
    if found:
        return held("security headers are set", found[:10])
    single = {kind: places for kind, places in scene.facts.items() if kind.startswith("header.")}
    places = [place for places in single.values() for place in places[:5]]
    if len(single) > 1:
        return held(f"{len(single)} security headers are set in code", places)
    if single:
        return open_("one security header is set in places", "set them for every answer", places)
    if not _apps(scene):
        return _none(scene)
    return open_(
        "neither code nor proxy configuration sets security headers; something in front may",
        "set Content-Security-Policy, X-Content-Type-Options and Strict-Transport-Security",
    )


def errors(scene: Scene) -> Judgement:
    """Errors tell strangers nothing about the inside."""
    leaks = scene.seen("error.leak")
    if leaks:
        return broken("the words of an unexpected error go to whoever asked", leaks)
    handlers = scene.seen("error.handler")
    if handlers:
        return _held(scene, "errors are handled, and no handler shows an unexpected one", handlers[:10])
    if not _apps(scene):
        return _none(scene)
    why = scene.unread_words() if scene.unread else "no handler of errors was seen; the framework's own answers"
    return open_(why, "add a handler that answers with a number to look up, and logs the rest")


def access(scene: Scene) -> Judgement:
    """Routes that change something ask who is there."""
    bare, protected, meant = scene.seen("route.bare"), scene.seen("route.protected"), scene.seen("route.meant")
    everywhere = scene.seen("access.middleware")
    default = [
        place for value, place in _setting(scene, "REST_FRAMEWORK") if "DEFAULT_PERMISSION_CLASSES" in str(value)
    ]
    default += [
        Evidence("LoginRequiredMiddleware", place.path, place.line)
        for value, place in _setting(scene, "MIDDLEWARE")
        if "LoginRequiredMiddleware" in str(value)
    ]
    allowed = [place for place in default if "AllowAny" in place.text]
    if allowed:
        return broken("Django REST lets everybody in by default", allowed)
    if bare and everywhere:
        return open_(
            f"{counted(len(bare), 'route')} without a check of their own change something, and something looks at every request",
            "look whether it covers them",
            [*everywhere[:5], *bare],
        )
    if bare:
        return broken(
            f"{counted(len(bare), 'route')} for changes without asking who is there",
            bare,
        )
    if scene.unread:
        return open_(
            scene.unread_words(), "mend them", [Evidence("cannot be parsed", path) for path in scene.unread[:10]]
        )
    if protected or default:
        return _held(
            scene,
            f"{counted(len(protected), 'route')} with a check of who is there",
            [*default, *protected[:20], *meant[:5]],
        )
    if _settings(scene):
        return open_(
            "the views of Django are not read here, and no default of permissions was seen",
            "set DEFAULT_PERMISSION_CLASSES, or Django's LoginRequiredMiddleware, or accept it with the reason",
        )
    return open_("no route that changes something was seen", NOTHING) if _apps(scene) else _none(scene)
