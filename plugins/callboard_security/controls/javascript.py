"""What the lines of a JavaScript or TypeScript file tell about security."""

import re
from collections.abc import Callable

Note = Callable[[str, int, str], None]

_AUTH = r"auth|user|login|permission|role|jwt|session|require|protect|ensure|verify|admin|passport|guard"
_OPEN = r"login|token|register|sign-?(?:up|in)|webhook|callback|health|reset|forgot|logout|refresh|csrf|ping|oauth"
PATTERNS: tuple[tuple[str, str], ...] = (
    ("app.express", r"(?<![\w.])express\(\)"),
    ("app.fastify", r"(?<![\w.])(?:fastify|Fastify)\("),
    ("sql.built", r"\.(?:query|execute|raw|\$queryRawUnsafe|\$executeRawUnsafe)\(\s*"
     r"(?:`[^`]*\b(?:select|insert|update|delete)\b[^`]*\$\{|"
     r"(['\"])[^'\"]*\b(?:select|insert|update|delete)\b[^'\"]*\1\s*\+)"),
    ("sql.bound", r"\.(?:query|execute)\(\s*(['\"])\s*(?:select|insert|update|delete)\b[^'\"]*\1\s*[,)]"),
    ("load.unsafe", r"(?<![\w.])unserialize\(|node-serialize|(?<![\w.])eval\(\s*[A-Za-z_$]|new Function\(\s*[A-Za-z_$]"),
    ("load.safe", r"JSON\.parse\("),
    ("hash.strong", r"(?:bcrypt|bcryptjs|argon2)\.(?:hash|hashSync|verify|compare)|"
     r"(?<![\w.])(?:scrypt|scryptSync|pbkdf2|pbkdf2Sync)\("),
    ("hash.weak", r"createHash\(\s*['\"](?:md5|sha1|sha256|sha512)['\"]\s*\)\.update\([^)]*passw"),
    ("tls.off", r"rejectUnauthorized\s*:\s*false|NODE_TLS_REJECT_UNAUTHORIZED\s*['\"\]]*\s*=\s*['\"]?0"),
    ("headers.on", r"(?<![\w.])helmet\("),
    ("header.content-security-policy", r"['\"]Content-Security-Policy['\"]"),
    ("header.strict-transport-security", r"['\"]Strict-Transport-Security['\"]"),
    ("header.x-content-type-options", r"['\"]X-Content-Type-Options['\"]"),
    ("tls.on", r"(?<![\w.])helmet\(|Strict-Transport-Security"),
    ("cors.bad", r"cors\(\s*\{(?=[^}]*origin\s*:\s*(?:true|['\"]\*['\"]))(?=[^}]*credentials\s*:\s*true)"),
    ("cors.open", r"(?<![\w.])cors\(\s*\)|Access-Control-Allow-Origin['\"]\s*,\s*['\"]\*"),
    ("cors.named", r"(?<![\w.])cors\(\s*\{(?=[^}]*origin\s*:\s*(?!true|['\"]\*))"),
    ("cookie.bad", r"\.cookie\(\s*['\"][^'\"]+['\"]\s*,\s*[^,)]+\)|cookie\s*:\s*\{[^}]*secure\s*:\s*false|httpOnly\s*:\s*false"),
    ("cookie.good", r"(?:\.cookie\(|cookie\s*:\s*\{).*(?=.*secure\s*:\s*(?!false))(?=.*httpOnly\s*:\s*true)"),
    ("csrf.on", r"(?<![\w.])(?:csurf|csrf|doubleCsrf|lusca\.csrf)\("),
    ("error.leak", r"res\b.*\.(?:send|json|end|write)\([^)]*\b(?:err|error|e)\.stack"),
    ("error.handler", r"\.use\(\s*(?:function\s*\w*)?\(\s*(?:err|error)\s*(?::\s*\w+)?\s*,|setErrorHandler\("),
    ("log.call", r"(?:console\.(?:log|info|warn|error|debug)|logger\.\w+|log\.(?:info|warn|error|debug))\("),
    ("log.personal", r"(?:console\.(?:log|info|warn|error|debug)|logger\.\w+|log\.(?:info|warn|error|debug))\("
     r"(?:[^'\"`)]|'[^']*'|\"[^\"]*\"|`[^`$]*`)*?"
     r"(?:\b|\$\{)(?:[\w.]*\.)?"
     r"(?:password|passwd|secret|apiKey|accessToken|refreshToken|creditCard|cardNumber|ssn|iban)\b(?!\s*[.(?]\s*length)"),
    ("access.middleware", rf"\.use\(\s*(?:['\"][^'\"]*['\"]\s*,\s*)?\w*(?:{_AUTH})\w*"),
    ("debug.on", r"(?<![\w.])errorhandler\(\s*\)"),
)  # fmt: skip
_COMPILED = tuple(
    (kind, re.compile(pattern, re.IGNORECASE if kind.startswith(("sql", "hash.weak")) else 0))
    for kind, pattern in PATTERNS
)
_ROUTE = re.compile(
    r"\b(?:app|router|api|server|\w*[rR]outer)\.(post|put|patch|delete)\(\s*(['\"`])(/[^'\"`]*)\2\s*,(.*)"
)
_AUTH_WORD, _OPEN_WORD = re.compile(_AUTH, re.IGNORECASE), re.compile(_OPEN, re.IGNORECASE)
WIDEST = 1_000


def javascript_facts(text: str, note: Note) -> None:
    """Notes what is seen, line by line; comment lines and very wide lines are passed over."""
    note("javascript", 0, "read")
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if len(line) > WIDEST or line.startswith(("//", "*", "/*")):
            continue
        for kind, pattern in _COMPILED:
            if pattern.search(line):
                note(kind, number, line)
        route = _ROUTE.search(line)
        if route is not None:
            handlers = route[4].split("=>")[0].split("function")[0]
            kind = (
                "route.protected"
                if _AUTH_WORD.search(handlers)
                else "route.meant"
                if _OPEN_WORD.search(route[3])
                else "route.bare"
            )
            note(kind, number, f"{route[1].upper()} {route[3]}")
