"""Controls over the product's code: SQL, deserialisation, hashing, logging."""

from callboard.api import counted
from callboard_security.controls.control import Judgement, broken, held, open_
from callboard_security.controls.scene import Evidence, Scene


def _unread(scene: Scene) -> list[Evidence]:
    _ = scene.facts
    return [Evidence("cannot be parsed", path) for path in scene.unread[:20]]


def _looked_at(scene: Scene) -> list[Evidence]:
    """How many files were read, as evidence; [] for none."""
    _ = scene.facts
    python, scripts = len(scene.python) - len(scene.unread), len(scene.scripts)
    if not python + scripts:
        return []
    return [Evidence(f"{python} Python files and {scripts} scripts were read", task="the product's code")]


def _absent(scene: Scene, bad: str, words: str, clean: str, good: str = "") -> Judgement:
    """Fails for what was seen; passes only when every file was read, and something of the kind was seen or every file counts."""
    found = scene.seen(bad)
    if found:
        return broken(f"{counted(len(found), 'place')}: {words}", found)
    unread = _unread(scene)
    if unread:
        return open_(f"{scene.unread_words()}; the others are in order", "mend them", unread)
    looked_at = _looked_at(scene)
    if not looked_at:
        return open_("there is no Python or JavaScript code of a product", "nothing to do while there is none")
    if good and not scene.seen(good):
        return open_(
            f"nothing of the kind was seen in {looked_at[0].text.removesuffix(' were read')}",
            "nothing to do while there is none",
            looked_at,
        )
    return held(clean, [*looked_at, *scene.seen(good)[:5]] if good else looked_at)


def sql(scene: Scene) -> Judgement:
    """No SQL is put together from parts."""
    return _absent(
        scene,
        "sql.built",
        "SQL is put together from text; hand values over as parameters",
        "every statement that was seen is a constant",
        "sql.bound",
    )


def deserialisation(scene: Scene) -> Judgement:
    """Nothing is read in a way that can run code."""
    return _absent(
        scene,
        "load.unsafe",
        "reading this way can run what stands in the data",
        "nothing is read in a way that runs code",
    )


def personal_logging(scene: Scene) -> Judgement:
    """Nothing personal and no secret goes into the log."""
    return _absent(
        scene,
        "log.personal",
        "personal data or a secret goes into the log; leave it out or mask it",
        "no call that logs names personal data",
        "log.call",
    )


def password_hashing(scene: Scene) -> Judgement:
    """Passwords are hashed by a function that was made for it."""
    weak = scene.seen("hash.weak")
    _ = scene.facts
    hashers = [
        Evidence(str(value[0]), path, line)
        for path, settings in scene.django.items()
        for name, (value, line) in settings.items()
        if name == "PASSWORD_HASHERS" and isinstance(value, (list, tuple)) and value
        and any(word in str(value[0]) for word in ("MD5", "SHA1", "Unsalted")) and "test" not in path
    ]  # fmt: skip
    if weak or hashers:
        return broken("passwords go through a hash that is made to be fast", [*weak, *hashers])
    strong = scene.seen("hash.strong")
    django = [Evidence("Django's own hashers (PBKDF2) are in use", path) for path in scene.django]
    if strong or django:
        return held("passwords are hashed by what is made for it", [*strong[:5], *django[:2]])
    return open_("no hashing of passwords was seen", "nothing to do if somebody else keeps the passwords")
