"""Which of the user's environment variables an attempt gets to see."""

from collections.abc import Mapping

SESSION = frozenset({"PATH", "HOME", "LANG", "LANGUAGE", "TZ", "USER", "LOGNAME", "SHELL"})
PROXIES = frozenset({"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"})
CERTIFICATES = frozenset(
    {"SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "GIT_SSL_CAINFO"}
)
PREFIXES = ("LC_", "PIP_", "UV_", "OPENBLAS")
SECRET_WORDS = ("TOKEN", "PASSWORD", "SECRET", "_KEY")


def allowed_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that tools need to run at all; credentials, loader settings and the rest stay behind."""
    return {
        name: value
        for name, value in environment.items()
        if name in SESSION
        or name in CERTIFICATES
        or name.upper() in PROXIES
        or (name.startswith(PREFIXES) and not any(word in name.upper() for word in SECRET_WORDS))
    }
