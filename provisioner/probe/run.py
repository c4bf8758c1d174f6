"""Carries out a probe: signs up one org, measures, deletes it, and records the facts.

The facts that are certain are recorded also when the probe ends early. The org is deleted in every
case; what a killed process leaves, the next `build` or `reap` deletes (see
`provisioner.upkeep.probes`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from provisioner.builder.login_way import DEPLOYED, NOT_CONFIGURED, NOT_IN_THE_ORG, REPLICATED
from provisioner.builder.step_list import StepLists
from provisioner.builder.survey import survey
from provisioner.errors import ErrorKind, LoginError, ProvisionerError, SalesforceError
from provisioner.ledger.facts import HubFacts
from provisioner.probe import first_login
from provisioner.probe.org import ProbeOrg
from provisioner.probe.quota import Quota, read_quota
from provisioner.salesforce.app_keys import PLATFORM_CLI
from provisioner.salesforce.error_kinds import sign_up_meaning
from provisioner.salesforce.fields import record_id
from provisioner.salesforce.redaction import redact

if TYPE_CHECKING:
    from provisioner.ledger.base import Org
    from provisioner.probe.context import ProbeContext

WAYS = {"auto": (REPLICATED, DEPLOYED), REPLICATED: (REPLICATED,), DEPLOYED: (DEPLOYED,)}
"""`dev_hub.login_app` → the ways that a probe tries, in this order."""

_NO_SNAPSHOTS = frozenset({"INVALID_TYPE", "NOT_FOUND"})


@dataclass
class Probed:
    """The result: the facts, and the orgs that are still there."""

    facts: HubFacts
    left: list[tuple[Org, str]] = field(default_factory=list)  # not deleted, and why


class _NotCopiedError(Exception):
    """The Dev Hub does not copy its app into orgs; the text says what has shown it."""


def prepare(context: ProbeContext) -> Quota:
    """What a probe may spend; nothing is changed.

    Raises HubLimitError when nothing is left, SalesforceError when the org is not a Dev Hub,
    UsageError when the certificate for a login app cannot be made.
    """
    if DEPLOYED in WAYS[context.config.dev_hub.login_app]:
        StepLists(context.config).login_app()
    survey(context.connections)
    quota = read_quota(context.config, context.connections.hub)
    quota.require_one()
    return quota


def probe(context: ProbeContext) -> Probed:
    """Measure all facts. Raises ProvisionerError when one cannot be measured.

    Only while the builder's lock is held: no build may delete the org meanwhile.
    """
    return _Probe(context).run()


class _Probe:
    """One probe in progress."""

    def __init__(self, context: ProbeContext) -> None:
        self._context = context
        self._ways = WAYS[context.config.dev_hub.login_app]
        self._found: dict[str, Any] = {}
        self._left: list[tuple[Org, str]] = []

    def run(self) -> Probed:
        """Measure, delete, record."""
        context = self._context
        is_complete = False
        try:
            before = read_quota(context.config, context.connections.hub)
            before.require_one()
            self._found["api_version"] = context.connections.hub.client.api_version
            self._found["limits_readable"] = before.limits is not None
            if before.limits is not None:
                self._found["active_limit"] = before.limits.active_max
                self._found["daily_limit"] = before.limits.daily_max
            self._found["snapshots"] = self._snapshots()
            self._try_ways()
            self._found["daily_spent"] = self._spent_since(before)
            is_complete = True
        finally:
            facts = self._record(is_complete=is_complete)
        return Probed(facts, self._left)

    def _record(self, *, is_complete: bool) -> HubFacts:
        """Write the facts; those of a probe that ended early are added to what was known."""
        ledger, subject = self._context.ledger, self._context.subject
        if is_complete:
            facts = HubFacts(probed_at=self._context.connections.clock.now(), **self._found)
        else:
            certain = {name: value for name, value in self._found.items() if value is not None}
            facts = replace(ledger.facts(subject), **certain)
        ledger.record_facts(subject, facts)
        return facts

    # --- the org ------------------------------------------------------------------------------

    def _try_ways(self) -> None:
        for way in self._ways:
            try:
                self._try(way)
            except _NotCopiedError as reason:
                why = redact(str(reason))
                self._found |= {"sign_up_way": DEPLOYED, "sign_up_way_reason": why}
                self._context.say(f"the Dev Hub's app is not copied into orgs: {why}")
                quota = read_quota(self._context.config, self._context.connections.hub)
                quota.require_one(is_second=True)
            else:
                self._found["sign_up_way"] = way
                if self._ways == (DEPLOYED,):
                    self._found["sign_up_way_reason"] = "dev_hub.login_app was deployed"
                return

    def _try(self, way: str) -> None:
        """Sign up one org in this way, log in to it, and delete it. Raises _NotCopiedError."""
        context = self._context
        key = context.hub_key if way == REPLICATED else PLATFORM_CLI
        app = "the Dev Hub's app" if way == REPLICATED else "PlatformCLI"
        org = ProbeOrg(context, key)
        try:
            context.say(f"signing up {org.row.username} for one day, with {app}")
            seconds = self._signed_up(org, way)
            context.say(f"the org is active after {seconds:.0f} s; logging in")
            self._found["sign_up_seconds"] = round(seconds, 1)
            self._found |= self._logged_in(org, way)
        finally:
            self._delete(org)

    def _signed_up(self, org: ProbeOrg, way: str) -> float:
        try:
            return org.sign_up()
        except SalesforceError as error:
            if error.error_code != NOT_CONFIGURED or not self._may_change(way):
                raise
            why = f"sign-up: {NOT_CONFIGURED}: {sign_up_meaning(NOT_CONFIGURED)}"
            raise _NotCopiedError(why) from None

    def _logged_in(self, org: ProbeOrg, way: str) -> dict[str, Any]:
        try:
            measure = first_login.replicated if way == REPLICATED else first_login.deployed
            found = measure(self._context, org)
        except LoginError as error:
            if error.code not in NOT_IN_THE_ORG or not self._may_change(way):
                raise
            first_line = error.message.partition("\n")[0]
            raise _NotCopiedError(f"the app is not in {org.row.username}: {first_line}") from None
        self._context.say(f"the org accepts a login after {found.delay:.0f} s")
        return found.facts()

    def _may_change(self, way: str) -> bool:
        return way != self._ways[-1]

    def _delete(self, org: ProbeOrg) -> None:
        outcome = org.delete()
        if outcome is None:
            return
        if outcome.is_allowed is not None:
            self._found["can_delete"] = outcome.is_allowed
        if not outcome.left_because:
            self._context.say(f"{org.row.username} is deleted")
            return
        self._left.append((org.row, outcome.left_because))
        self._context.warn(_not_deleted(org.row, outcome.left_because))

    # --- the Dev Hub --------------------------------------------------------------------------

    def _snapshots(self) -> bool | None:
        """Whether this user can read org snapshots; None when it is unknown.

        Source: docs/reference/sign-up.md#snapshots.
        """
        client = self._context.connections.hub.client
        try:
            client.query_as("SELECT Id FROM OrgSnapshot LIMIT 1", lambda row: record_id(row, "Id"))
        except SalesforceError as error:
            return False if error.error_code in _NO_SNAPSHOTS else None
        return True

    def _spent_since(self, before: Quota) -> int | None:
        try:
            later = read_quota(self._context.config, self._context.connections.hub)
        except ProvisionerError as error:
            if error.kind not in (ErrorKind.TRANSIENT, ErrorKind.LIMIT):
                raise
            return None
        return before.spent(later)


def _not_deleted(row: Org, why: str) -> str:
    """The warning about an org that is still there, or may appear."""
    until = f" (it expires on {row.expires_at:%Y-%m-%d})" if row.expires_at else ""
    return (
        f"{row.username}{until} could not be deleted; the next `provisioner build` or "
        f"`provisioner reap` tries again: {why}"
    )
