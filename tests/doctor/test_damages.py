"""A Dev Hub that is wrong in one way gives the line that says so, its fix, and the exit code."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from provisioner.emulator.behavior import Behavior
from provisioner.emulator.world import DEFAULT_HUB_USERNAME, Limits
from tests.builder.night import Night
from tests.doctor import damages
from tests.doctor.conftest import MakeNight
from tests.proof.here import run

pytestmark = pytest.mark.slow

USER = DEFAULT_HUB_USERNAME
NONE_LEFT = (
    "the Dev Hub has no {} scratch orgs left for the pools",
    "wait, delete scratch orgs that are not needed, or lower limits.keep_*",
)
RENEW = (
    "create a new certificate from the key and put it into the app: `provisioner hub app "
    "--session-from-env --rotate`, or for a connected app, Setup, App Manager"
)
NTP = "set the clock of this machine, for example by NTP: timedatectl set-ntp true"


@dataclass(frozen=True)
class Case:
    """A world, what is damaged in it, and what must be printed."""

    code: int
    lines: tuple[str, ...]  # each from its mark to its end
    damage: Callable[[Night], object] = lambda _night: None
    hint: str = ""
    world: dict[str, Any] = field(default_factory=dict)


def is_left(
    active: int, daily: int, *, keep: str = "", size: int = 2, with_ledger: bool = False
) -> Callable[[Night], None]:
    """The pool wants `size` orgs, and people keep some; `with_ledger`, a ledger shows it empty."""

    def damage(night: Night) -> None:
        if with_ledger:
            damages.empty_ledger(night)
        night.world.limits = Limits(active=active, daily=daily)
        night.write_pool(steps="", size=size, top=f"limits: {{ {keep} }}" if keep else "")

    return damage


CASES = {
    "the clock is two hours behind": Case(
        2,
        (
            "✗ clock: 2 hours behind that of the Dev Hub (here TIME, there TIME)",
            "! Dev Hub: not checked, because it needs: clock",
            "! allowances: not checked, because it needs: Dev Hub",
        ),
        lambda night: night.world.clock.advance(7200),
        NTP,
    ),
    "the clock is two hours ahead, and the login is refused": Case(
        2,
        (
            "! login: refused, which says nothing while the clock is wrong: login of "
            f"{USER} at URL failed: this host does not know the consumer key",
            "✗ clock: 2 hours ahead of that of the Dev Hub (here TIME, there TIME)",
            "! rights: not checked, because it needs: login",
        ),
        lambda night: damages.clock_and_app(night, -7200),
        NTP,
    ),
    "the clock is two minutes behind": Case(
        0,
        (
            "! clock: 2 minutes behind that of the Dev Hub (here TIME, there TIME); from "
            "3 minutes on, logins fail",
        ),
        lambda night: night.world.clock.advance(121),
        NTP,
    ),
    "the certificate has expired": Case(
        5,
        ("✗ certificate: hub.crt expired on DATE", f"✗ login: login of {USER} at URL failed: "),
        damages.expire_certificate,
        RENEW,
    ),
    "the certificate is that of another key": Case(
        2,
        ("✗ certificate: hub.crt belongs to another key than private_key", "✓ Dev Hub: "),
        damages.other_certificate,
        "write the path of the certificate of the private key",
    ),
    "the key file has no key": Case(
        2,
        (
            "✗ private key: dev_hub.private_key: hub.key: this is not PEM text; a private key in "
            "PEM format is required",
            "! certificate: not checked, because it needs: private key",
            "! login: not checked, because the private key cannot be used",
            "! rights: not checked, because it needs: login",
            "✓ ledger: .provisioner/ledger.db does not exist yet; the first build creates it",
        ),
        damages.no_key,
        "the first line of the file must have the words BEGIN PRIVATE KEY, and its last",
    ),
    "the key is that of another app": Case(
        5,
        (
            f"✗ login: login of {USER} at URL failed: the signature is invalid: the private key "
            "does not match the app's certificate",
            "! API version: not checked, because it needs: login",
            "✓ clock: within ",
        ),
        damages.wrong_key,
        "upload the certificate of this key to the app",
    ),
    "the app is off": Case(
        5,
        (f"✗ login: login of {USER} at URL failed: this host does not know the consumer key",),
        damages.disable_app,
        "check consumer_key",
    ),
    "the app is not approved for the user": Case(
        5,
        (
            f"✗ login: login of {USER} at URL failed: the app is limited to users whom an "
            "administrator approved, and this user is not approved",
        ),
        damages.approve_nobody,
        "add one of the user's profiles or permission sets to the app",
    ),
    "the user is not active": Case(
        5,
        (f"✗ login: login of {USER} at URL failed: the user is deactivated, frozen or locked",),
        damages.deactivate_user,
        "activate or unlock the user in Setup",
    ),
    "the audience is wrong": Case(
        5,
        (
            f"✗ login: login of {USER} at URL failed: the audience does not match the type of org\n"
            "  |   URL, audience URL: 400 invalid_grant: audience is invalid\n",
        ),
        damages.refuse_audience,
        "check login_url: https://login.salesforce.com for production",
    ),
    "the org is not a Dev Hub": Case(
        2,
        (
            f"✗ Dev Hub: {USER} can log in, but the org is not a Dev Hub, or the user cannot see "
            "ScratchOrgInfo",
            "! rights: not checked, because this user sees none of the objects of scratch orgs",
        ),
        hint="enable Dev Hub in Setup",
        world={"is_dev_hub": False},
    ),
    "a right is missing without which no org is deleted": Case(
        2,
        (f"✗ rights: {USER} lacks Delete on Active Scratch Orgs (ActiveScratchOrg)",),
        lambda night: damages.limit_rights(night, ActiveScratchOrg="Delete"),
        f"in a permission set of {USER}, Object Settings, Active Scratch Orgs: Delete",
    ),
    "a right is missing without which no org is signed up": Case(
        2,
        (f"✗ rights: {USER} lacks Create on Scratch Org Infos (ScratchOrgInfo)",),
        lambda night: damages.limit_rights(night, ScratchOrgInfo="Create"),
        f"in a permission set of {USER}, Object Settings, Scratch Org Infos: Create",
    ),
    "a right is missing that a build can do without": Case(
        0,
        (f"! rights: {USER} lacks Edit on Scratch Org Infos (ScratchOrgInfo)",),
        lambda night: damages.limit_rights(night, ScratchOrgInfo="Edit"),
        f"in a permission set of {USER}, Object Settings, Scratch Org Infos: Edit",
    ),
    "the user does not see sign-ups": Case(
        2,
        (
            f"✗ Dev Hub: {USER} can log in, but the org is not a Dev Hub, or the user cannot see "
            "ScratchOrgInfo",
            f"✗ rights: {USER} lacks Read, Create, Edit and Delete on Scratch Org Infos "
            "(ScratchOrgInfo)",
        ),
        lambda night: damages.limit_rights(night, ScratchOrgInfo="all"),
        f"in a permission set of {USER}, Object Settings, Scratch Org Infos: Read, Create, Edit",
    ),
    "the one-time codes cannot be read": Case(
        2,
        (f"✗ rights: {USER} cannot read the field AuthCode of Scratch Org Infos (ScratchOrgInfo)",),
        damages.hide_codes,
        "in a permission set, Object Settings, Scratch Org Infos, Field Permissions: Auth Code",
    ),
    "the limits cannot be read": Case(
        0,
        (f"! allowances: {USER} cannot read the limits of the Dev Hub (",),
        damages.limit_rights,
        "give the user View Setup and Configuration",
        {"behavior": Behavior(limits_readable="no")},
    ),
    "no API request is left": Case(
        4,
        (
            "✗ rights: The Dev Hub's API request limit is reached (",
            "✓ packages: pool.yaml installs none",
        ),
        damages.use_up_requests,
        "the Dev Hub counts the API calls of the last 24 hours; run the build again later",
    ),
    "a package does not exist": Case(
        0,
        (
            "! packages: pool.yaml:15: package version 04t000000000002AAA: not found, or not "
            "available yet",
        ),
        damages.install_unknown_package,
        "check the id and the installation key; a new version is available after minutes",
    ),
    "no active scratch org is left": Case(
        4,
        (
            "✓ allowances: active scratch orgs: 3 of 3 left, 0 for the pools",
            f"✗ allowances: {NONE_LEFT[0].format('active')}",
            "✓ packages: pool.yaml installs none",
        ),
        is_left(3, 6, keep="keep_active: 3"),
        NONE_LEFT[1],
    ),
    "no daily scratch org is left": Case(
        4,
        (f"✗ allowances: {NONE_LEFT[0].format('daily')}",),
        is_left(3, 6, keep="keep_daily: 6"),
        NONE_LEFT[1],
    ),
    "the pools want more than can be active": Case(
        0,
        (
            "! allowances: the pools want 5 orgs, but the Dev Hub allows 3 active ones for them "
            "(3, less limits.keep_active)",
        ),
        is_left(3, 6, size=5),
        "lower the size of the pools, or limits.keep_active",
    ),
    "the pools want more than are left": Case(
        0,
        (
            "! allowances: the pools want 5 orgs, of which 5 must be built, but the daily "
            "limit leaves 4 now",
        ),
        is_left(40, 4, size=5, with_ledger=True),
        "a build makes as many as are left; delete scratch orgs that are not needed, or wait",
    ),
    "the API version is not offered": Case(
        2,
        ("✗ API version: the Dev Hub does not offer 99.0, only ",),
        lambda night: damages.write(night, "  login_url", '  api_version: "99.0"\n  login_url'),
        'write api_version: "',
    ),
    "the ledger is damaged": Case(
        2,
        ("✗ ledger: the ledger .provisioner/ledger.db is damaged: file is not a database",),
        damages.damage_ledger,
        "restore it from a backup",
    ),
    "the ledger is newer": Case(
        2,
        (
            "✗ ledger: the ledger .provisioner/ledger.db was written by a newer provisioner (its "
            "version is 999, this provisioner supports up to ",
        ),
        damages.newer_ledger,
        "upgrade provisioner on this machine: pip install --upgrade provisioner",
    ),
    "the folder of the ledger is read-only": Case(
        2,
        ("✗ ledger: ledgers/ledger.db does not exist, and this user cannot create it in ledgers",),
        damages.read_only_folder,
        "let this user write to that folder, or write another path in `ledger:`",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_each_damage_is_named_with_its_fix(make_with_files: MakeNight, case: Case) -> None:
    night = make_with_files(**case.world)
    night.write_pool(steps="")
    case.damage(night)
    ended = run(night, "check", "--online")
    text = shown(ended.err, night)
    for line in case.lines:
        assert f"\n{line}" in text
    assert f"\n  hint: {case.hint}" in text
    assert ended.code == case.code
    assert ended.out == ""


def shown(text: str, night: Night) -> str:
    """The lines, with TIME and DATE for what changes, and URL for the emulator's."""
    text = re.sub(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "TIME", text.replace(night.login_url, "URL")
    )
    return re.sub(r"\d{4}-\d\d-\d\d", "DATE", text)
