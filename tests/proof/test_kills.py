"""A build that is killed at any call is finished by the next: a sample of scripts/prove-kills."""

from __future__ import annotations

import pytest

from provisioner.emulator.keys import KeyPair
from provisioner.ledger import LEDGERS
from provisioner.steps import STEPS as KINDS
from provisioner.steps.load_data import FORMS
from tests.proof import here
from tests.proof.contents import Complete
from tests.proof.data_forms import DATA as DATA_STEPS
from tests.proof.kills import AFTER, BEFORE, Kill, Verdict, carry_out
from tests.proof.ledgers import PROOF_LEDGERS
from tests.proof.scenes import SCENES, SIZE
from tests.proof.whole_night import EVERY, WholeNight

WRITES = (
    ("sobjects.create", 2),
    ("deploy.start", 2),
    ("tooling.sobjects.create", 3),
    ("tooling.sobjects.create", 5),
    ("tooling.sobjects.create", 9),
    ("deploy.start", 5),
    ("collections.create", 2),
    ("scim.create", 1),
    ("scim.create", 2),
    ("tree.create", 1),
    ("tree.create", 6),
    ("bulk_ingest.create", 1),
    ("bulk_ingest.upload", 2),
    ("bulk_ingest.state", 3),
    ("bulk_ingest.status", 4),
    ("tooling.executeAnonymous", 2),
    ("sobjects.create", 5),  # of the command
)
ANYWHERE = (3, 25, 60, 85, 120)  # an undisturbed build makes about 150 requests
DATA = (
    ("collections.create", 2, AFTER),  # the files
    ("bulk_ingest.upload", 2, BEFORE),
    ("tree.create", 4, AFTER),
)
"""Writes of the forms of `load_data` that the other builds do not have."""

ELSEWHERE = (("renew", "collections.delete", 1), ("renew", "collections.delete", 2),
             ("roll", "collections.delete", 1), ("roll", "collections.delete", 3),
             ("snapshot", "sobjects.create", 2), ("snapshot", "collections.delete", 2),
             ("reap", "collections.delete", 1), ("rebuild", "oauth.token", 3))  # fmt: skip


WITH_APPS = (
    ("apps", "oauth.token", 2),  # the exchange of the code
    ("apps", "deploy.start", 2),
    ("apps", "collections.create", 4),
    ("apps", "soap.metadata", 2),
    ("apps", "oauth.revoke", 1),
    ("way", "sobjects.create", 2),
    ("probe", "sobjects.create", 1),
    ("probe", "sobjects.create", 2),
    ("probe", "deploy.start", 1),
    ("probe", "collections.delete", 1),
    ("way", "oauth.revoke", 2),
)


ON_OTHERS = (
    Kill(2, AFTER, route="sobjects.create", ledger="postgresql"),
    Kill(6, BEFORE, route="tree.create", ledger="postgresql"),
    Kill(1, AFTER, route="collections.delete", scene="reap", ledger="postgresql"),
    Kill(3, BEFORE, route="oauth.token", scene="rebuild", ledger="postgresql"),
    *(Kill(n, AFTER, 1 + n % SIZE, route="composite", ledger="devhub") for n in (1, 4, 20, 40, 60)),
    *(Kill(n, BEFORE, 1 + n % SIZE, route="composite", ledger="devhub") for n in (2, 35)),
    Kill(15, AFTER, route="composite", scene="renew", ledger="devhub"),
    Kill(2, AFTER, route="collections.delete", scene="roll", ledger="devhub"),
    Kill(1, AFTER, route="collections.delete", scene="reap", ledger="devhub"),
    Kill(2, AFTER, route="composite", scene="rebuild", ledger="devhub"),
    Kill(2, AFTER, route="sobjects.create", scene="probe", ledger="postgresql"),
    Kill(1, AFTER, route="sobjects.create", scene="probe", ledger="devhub"),
    *(
        Kill(n, at, route="composite", scene="probe", ledger="devhub")
        for n in (1, 2, 4, 6)
        for at in (BEFORE, AFTER)
    ),
)


def test_the_night_has_a_step_of_every_kind(night: WholeNight) -> None:
    kinds = set[str]()
    for steps in (EVERY, SCENES["snapshot"].steps):
        night.write_pool(steps=steps)
        kinds |= {entry.kind for entry in night.config().pools["sample"].steps}
    assert kinds == set(KINDS), "a new kind of step belongs into the proofs, too"
    for form in FORMS:
        assert f"load_data: {{ {form}: " in EVERY + DATA_STEPS, "and so does a new form of data"


def assert_nothing_lost(kill: Kill, key_pair: KeyPair, whole: Complete) -> Verdict:
    """Carry a kill out, and check that nothing is violated."""
    verdict = carry_out(kill, key_pair, whole, here.run)
    assert not verdict.violations, "\n".join(verdict.violations)
    return verdict


@pytest.mark.parametrize("at", [BEFORE, AFTER])
@pytest.mark.parametrize("write", WRITES, ids=lambda write: f"{write[0]}-{write[1]}")
def test_killed_at_a_write(
    key_pair: KeyPair, whole: Complete, write: tuple[str, int], at: str
) -> None:
    route, number = write
    verdict = assert_nothing_lost(Kill(number, at, route=route), key_pair, whole)
    assert verdict.place, "the build came as far as that"


@pytest.mark.parametrize("write", DATA, ids=lambda write: "-".join(map(str, write)))
def test_killed_while_data_is_loaded(
    key_pair: KeyPair, whole: Complete, write: tuple[str, int, str]
) -> None:
    """A job is continued, a file that is there is not uploaded again, and generated records are
    those of the first time."""
    route, number, at = write
    verdict = assert_nothing_lost(Kill(number, at, route=route, scene="data"), key_pair, whole)
    assert verdict.place, "the build came as far as that"


@pytest.mark.parametrize(
    ("route", "number", "slow"),
    [
        ("tooling.sobjects.create", 1, "package_install"),
        ("tooling.sobjects.create", 5, "package_install"),
        ("deploy.start", 4, "deploy.InProgress"),
    ],
)
def test_killed_while_the_platform_continues_a_request(
    key_pair: KeyPair, whole: Complete, route: str, number: int, slow: str
) -> None:
    """The request is unknown, and the org's setup is locked by it."""
    assert_nothing_lost(Kill(number, AFTER, route=route, slow=slow), key_pair, whole)


@pytest.mark.parametrize("at", [BEFORE, AFTER])
@pytest.mark.parametrize("number", ANYWHERE)
def test_killed_anywhere(key_pair: KeyPair, whole: Complete, number: int, at: str) -> None:
    assert_nothing_lost(Kill(number, at, 1 + number % SIZE), key_pair, whole)


@pytest.mark.parametrize("at", [BEFORE, AFTER])
@pytest.mark.parametrize("kill", ELSEWHERE, ids=lambda kill: "-".join(map(str, kill)))
def test_killed_while_it_ends_or_takes_in_orgs(
    key_pair: KeyPair, whole: Complete, kill: tuple[str, str, int], at: str
) -> None:
    scene, route, number = kill
    verdict = assert_nothing_lost(Kill(number, at, route=route, scene=scene), key_pair, whole)
    assert verdict.place, "the command came as far as that"


@pytest.mark.parametrize("at", [BEFORE, AFTER])
@pytest.mark.parametrize("kill", WITH_APPS, ids=lambda kill: "-".join(map(str, kill)))
def test_killed_while_an_org_gets_its_login_app(
    key_pair: KeyPair, whole: Complete, kill: tuple[str, str, int], at: str
) -> None:
    """Nobody can log in to such an org: the next build replaces it, and the cost is counted."""
    scene, route, number = kill
    verdict = assert_nothing_lost(Kill(number, at, route=route, scene=scene), key_pair, whole)
    assert verdict.place, "the command came as far as that"
    assert verdict.spare <= SIZE


def test_nights_are_proven_on_every_ledger() -> None:
    assert set(PROOF_LEDGERS) == set(LEDGERS)
    assert {kill.ledger for kill in ON_OTHERS} | {"sqlite"} == set(LEDGERS)


@pytest.mark.parametrize("kill", ON_OTHERS, ids=str)
def test_killed_while_the_ledger_is_a_server(
    key_pair: KeyPair, whole: Complete, kill: Kill
) -> None:
    """On the Dev Hub a `composite` is a write to the ledger."""
    verdict = assert_nothing_lost(kill, key_pair, whole)
    assert verdict.place, "the command came as far as that"
