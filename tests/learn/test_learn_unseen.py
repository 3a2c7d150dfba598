"""Causes that were planted before the rules were read: hosts, shells, npm workspaces, no git; each told by real tools."""

import json

import pytest

from callboard.core.cases import Taught
from callboard.core.correlate import correlate
from scenarios import UNSEEN, Scenario, Score, one_after_the_other, scenarios

LEAST_JOINED = 0.95
MOST_WRONG = 0.02
TWO_FAULTS = "two-"  # in one commit, in files that the same checks go through
CAUSES = {
    "atlas-disk-full": ("host", "disk"),
    "atlas-readonly": ("host", "read-only"),
    "atlas-port": ("host", "port 18431"),
    "atlas-dns": ("host", "network"),
    "atlas-refused": ("setup", "port 18432"),
    "atlas-503": ("setup", "answers 503"),
    "atlas-ini": ("commit", "etc/atlas.ini"),
    "atlas-schema": ("commit", "src/atlas/schema.sql"),
    "etl-conf": ("file", "conf.json"),
    "etl-lib-sh": ("file", "lib/common.sh"),
    "etl-exec-bit": ("file", "with-retry"),
    "etl-header": ("commit", "data/orders.csv"),
    "etl-tool": ("dependency", "jqx"),
    "fleet-env": ("setting", "FLEET_TOKEN"),
    "lab-makefile": ("file", "Makefile"),
    "lab-params-type": ("commit", "params.toml"),
    "mart-certificate": ("host", "clock"),
    "notes-missing-dep": ("dependency", "tiny_dates"),
    "shop-total": ("commit", "shop/pricing.py"),
    "shop-loop": ("commit", "shop/cart.py"),
    "shop-setting": ("setting", "currency"),
    "portal-data": ("file", "data/products.json"),
    "ledger-migration": ("commit", "migrations/002_postings.sql"),
    "ledger-sign": ("commit", "ledger/posting.py"),
    "mono-field": ("setting", "customer_name"),
    "mono-hangs": ("setup", "in time"),
    "ops-tool": ("dependency", "gojq"),
    "ops-names": ("commit", "lib/names.sh"),
}


@pytest.fixture(scope="module")
def unseen() -> list[Scenario]:
    return scenarios(UNSEEN)


def test_they_are_joined_now_and_nothing_was_ever_joined_wrongly(unseen: list[Scenario]) -> None:
    together, pieces, shared = Score(), Score(), Score()
    for scenario in unseen:
        if scenario.name.startswith(TWO_FAULTS):
            shared.add(scenario, one_after_the_other(scenario, 2))
            continue
        together.add(scenario, [g.symptoms for g in correlate(scenario.symptoms, scenario.scene, (), Taught())])
        pieces.add(scenario, one_after_the_other(scenario, 2))
    for score in (together, pieces):
        assert score.recall >= LEAST_JOINED, score
        assert score.mistaken <= MOST_WRONG, score
    assert shared.wrong == 0, "where rules cannot tell two faults of one commit apart, they leave them apart"
    assert shared.recall >= 0.5, shared
    first = [json.loads(path.read_text("utf-8"))["first_time"] for path in UNSEEN.glob("*.json")]
    assert sum(wrong for _, _, wrong in first) == 0


def test_the_cause_is_called_by_what_was_planted(unseen: list[Scenario]) -> None:
    found = {}
    for scenario in unseen:
        if scenario.name in CAUSES:
            groups = correlate(scenario.symptoms, scenario.scene, (), Taught())
            largest = max(groups, key=lambda g: sum(scenario.causes[s.key] == "plant" for s in g.symptoms))
            found[scenario.name] = (largest.cause.kind, largest.cause.about)
    assert found == CAUSES
