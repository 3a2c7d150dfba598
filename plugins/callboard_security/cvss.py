"""The base score of a CVSS 3.0 or 3.1 vector, by https://www.first.org/cvss/v3.1/specification-document section 7.1."""

WEIGHTS: dict[str, dict[str, float]] = {
    "AV": {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2},
    "AC": {"L": 0.77, "H": 0.44},
    "UI": {"N": 0.85, "R": 0.62},
    "C": {"H": 0.56, "L": 0.22, "N": 0.0},
    "I": {"H": 0.56, "L": 0.22, "N": 0.0},
    "A": {"H": 0.56, "L": 0.22, "N": 0.0},
}
PRIVILEGES = {"U": {"N": 0.85, "L": 0.62, "H": 0.27}, "C": {"N": 0.85, "L": 0.68, "H": 0.5}}


def base_score(vector: str) -> float | None:
    """0.0 to 10.0; None for what is no complete CVSS 3 vector."""
    if not vector.startswith(("CVSS:3.0/", "CVSS:3.1/")):
        return None
    metrics = dict(part.split(":", 1) for part in vector.split("/")[1:] if ":" in part)
    try:
        value = {name: weights[metrics[name]] for name, weights in WEIGHTS.items()}
        scope = metrics["S"]
        privileges = PRIVILEGES[scope][metrics["PR"]]
    except KeyError:
        return None
    lost = 1 - (1 - value["C"]) * (1 - value["I"]) * (1 - value["A"])
    impact = 6.42 * lost if scope == "U" else 7.52 * (lost - 0.029) - 3.25 * (lost - 0.02) ** 15
    if impact <= 0:
        return 0.0
    exploitability = 8.22 * value["AV"] * value["AC"] * privileges * value["UI"]
    total = impact + exploitability if scope == "U" else 1.08 * (impact + exploitability)
    return _rounded_up(min(total, 10.0))


def _rounded_up(score: float) -> float:
    whole = round(score * 100_000)
    return whole / 100_000 if whole % 10_000 == 0 else (whole // 10_000 + 1) / 10
