"""`check --online`: checks the login, the limits, packages and ledger, and the scratch app."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from provisioner.builder.connections import Connections
from provisioner.builder.planning import left_for_us, without_limits
from provisioner.builder.survey import survey
from provisioner.cli.check_packages import check_packages
from provisioner.cli.known_facts import known_facts
from provisioner.config.hub import DevHub
from provisioner.errors import (
    HubLimitError,
    LoginError,
    ProvisionerError,
    SalesforceError,
    UsageError,
)
from provisioner.ledger.facts import HubFacts
from provisioner.report.facts import facts_document, facts_text
from provisioner.salesforce.hub_limits import is_refused

if TYPE_CHECKING:
    from provisioner.cli.invocation import Invocation
    from provisioner.config.model import PoolFile
    from provisioner.plan import Allowance
    from provisioner.salesforce.hub import HubLimits


def check_hub(call: Invocation, pool_file: PoolFile, *, with_facts: bool = True) -> dict[str, Any]:
    """Log in, and print what is left of the Dev Hub's limits, and `with_facts` what is known of it.

    Raises ConfigError for a package version that does not exist, HubLimitError when nothing is
    left, LedgerError when the ledger is on the Dev Hub and a build could not use it.
    """
    with Connections(pool_file) as connections:
        try:
            survey(connections)
            limits = _limits(call, pool_file, connections)
        except SalesforceError as error:
            raise UsageError(error.message, code=error.code, hint=error.hint) from None
        client = connections.hub.client
        name, version = client.name, client.api_version
        packages = check_packages(call, pool_file, connections)
    _check_scratch_key(call, pool_file)
    call.output.say(f"{name}: logged in; is a Dev Hub; API version {version}")
    left = _show_limits(call, pool_file, limits) if limits is not None else None
    if pool_file.ledger == "devhub":
        call.output.say(f"ledger on the Dev Hub: {_orgs_in_ledger(pool_file)} scratch orgs")
    if left is not None and left.left == 0 and any(p.size for p in pool_file.pools.values()):
        raise HubLimitError(
            f"the Dev Hub has no {left.limit.partition('_')[0]} scratch orgs left for the pools",
            code=left.limit,
            hint="wait, delete scratch orgs that are not needed, or lower limits.keep_*",
        )
    found = asdict(limits) if limits is not None else None
    hub: dict[str, Any] = {
        "hub": {"username": name, "api_version": version, "limits": found},
        "packages": packages,
    }
    if not with_facts:
        return hub
    facts = _facts(call, pool_file)
    for line in facts_text(facts):
        call.output.say(line)
    return hub | {"facts": facts_document(facts)}


def _limits(call: Invocation, pool_file: PoolFile, connections: Connections) -> HubLimits | None:
    """The limits; None, and a warning, for a user who may not read them."""
    try:
        return connections.hub.limits()
    except SalesforceError as error:
        if not is_refused(error):
            raise
        call.output.warn(without_limits(pool_file, error))
        return None


def _show_limits(call: Invocation, pool_file: PoolFile, limits: HubLimits) -> Allowance:
    """Print what is left; what of it is for the pools."""
    left = left_for_us(pool_file, limits)
    for kind, remaining, most, ours in (
        ("active", limits.active_remaining, limits.active_max, left.active),
        ("daily", limits.daily_remaining, limits.daily_max, left.daily),
    ):
        call.output.say(f"{kind} scratch orgs: {remaining} of {most} left, {ours} for the pools")
    return left


def _facts(call: Invocation, pool_file: PoolFile) -> HubFacts:
    """What the ledger knows of the Dev Hub: hints, so an error is a warning."""
    try:
        return known_facts(pool_file)
    except ProvisionerError as error:
        call.output.warn(f"the facts of the Dev Hub could not be read: {error.message}")
        return HubFacts()


def _orgs_in_ledger(pool_file: PoolFile) -> int:
    """The number of orgs in the ledger on the Dev Hub that are not deleted; the lock is not taken.

    Raises LedgerError when the ledger is not installed, or this user has no permissions to build.
    """
    from provisioner.ledger.devhub.build_lock import find
    from provisioner.ledger.devhub.ledger import DevhubLedger

    ledger = DevhubLedger(pool_file.dev_hub)
    try:
        find(ledger.session)  # only builders can read the lock; consumers can read the rows as well
        return len(ledger.orgs())
    finally:
        ledger.close()


def _check_scratch_key(call: Invocation, pool_file: PoolFile) -> None:
    """Warn when the key of scratch_app can log in to the Dev Hub: then it does not protect it."""
    app = pool_file.scratch_app
    if app is None:
        return
    hub = pool_file.dev_hub
    as_scratch_app = DevHub(
        username=hub.username,
        consumer_key=app.consumer_key,
        private_key=app.private_key,
        former_key=app.former_key,
        private_key_passphrase=app.private_key_passphrase,
        login_url=hub.login_url,
    )
    try:
        with Connections(
            replace(pool_file, dev_hub=as_scratch_app, scratch_app=None)
        ) as connections:
            connections.sign_in_to_hub()
    except LoginError:
        return
    call.output.warn(
        f"scratch_app: its key can also log in to the Dev Hub as {hub.username}. Remove that "
        "user's profile and permission sets from the app, so that it opens scratch orgs only"
    )
