"""How the orgs of a build get the app that consumers log in through: `dev_hub.login_app`.

*Replicated*: the sign-up names the Dev Hub's app, and Salesforce copies it into the org.
*Deployed*: the sign-up names `PlatformCLI`, and the org gets an app of its own. A Dev Hub shows
only by a sign-up whether it copies its app, so `auto` sends one, and no further one until its
outcome is known; what it finds out is kept in the ledger.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from provisioner.builder.signup_queue import DISPATCH
from provisioner.errors import LoginError, ProvisionerError
from provisioner.ledger.base import Org
from provisioner.salesforce.app_keys import PLATFORM_CLI

if TYPE_CHECKING:
    from provisioner.builder.context import BuildContext
    from provisioner.salesforce.hub import SignUpStatus

REPLICATED, DEPLOYED = "replicated", "deployed"

NOT_CONFIGURED = "C-1016"
"""A sign-up could not set up the app that it names
(docs/reference/sign-up.md#errors-of-a-sign-up)."""

NOT_IN_THE_ORG = frozenset({"login_unknown_key", "login_app_missing", "login_app_not_installed"})
"""Codes of a login that the org refuses because it does not have the app."""


class LoginWay:
    """The way of one build. Safe to use from several threads."""

    def __init__(self, context: BuildContext) -> None:
        hub = context.config.dev_hub
        self._context = context
        self._hub_key = context.config.consumer_app.consumer_key
        self._subject = context.config.facts_subject
        self._is_auto = hub.login_app == "auto"
        self._way: str = self._known() if self._is_auto else hub.login_app  # "": not known yet
        self._trials: set[str] = set()  # usernames whose outcome will show it

    def _known(self) -> str:
        """What earlier builds or a probe have found out, or "" when nothing has."""
        facts = self._context.facts
        if facts.sign_up_way == DEPLOYED:
            why = facts.sign_up_way_reason or "the Dev Hub does not copy its app into orgs"
            self._context.reporter.inform(f"each org gets a login app of its own: {why}")
        has_copied = self._context.past_orgs.has_verified_key
        return facts.sign_up_way or (REPLICATED if has_copied else "")

    @property
    def consumer_key(self) -> str:
        """The consumer key that a new sign-up names."""
        return PLATFORM_CLI if self._way == DEPLOYED else self._hub_key

    # --- finding out ----------------------------------------------------------------------------

    def try_with(self, username: str, consumer_key: str = "") -> None:
        """This org's outcome will show the way, if it is signed up with the Dev Hub's app."""
        if not self._way and consumer_key in ("", self._hub_key):
            with self._context.lock:
                self._trials.add(username)

    @property
    def is_on_trial(self) -> bool:
        """Whether an org is in progress whose outcome must be awaited. Memory only."""
        return not self._way and bool(self._trials & self._context.progress.pending)

    def confirm(self, org: Org) -> None:
        """The org has accepted a login through the app that its sign-up names."""
        if not self._way and org.consumer_key == self._hub_key:
            self._settle(REPLICATED, "")

    def is_refused_by_sign_up(self, org: Org, status: SignUpStatus) -> bool:
        """Whether this failed sign-up shows that the app is not copied; then the way changes."""
        if status.error_code != NOT_CONFIGURED or not self._may_change(org):
            return False
        self._change(
            f"a sign-up failed with {NOT_CONFIGURED}: the Dev Hub does not copy its app into orgs"
        )
        return True

    def is_refused_by_org(self, org: Org, error: ProvisionerError) -> bool:
        """Whether this login, at the end of its retries, shows it; then the way changes."""
        is_missing = isinstance(error, LoginError) and error.code in NOT_IN_THE_ORG
        if not is_missing or self._way or not self._may_change(org):
            return False
        first_line = error.message.partition("\n")[0]
        self._change(f"the Dev Hub's app is not in {org.username}: {first_line}")
        return True

    def wake(self) -> None:
        """An org on trial may have ended without showing the way: send the next sign-up."""
        if not self._way:
            self._context.scheduler.wake(DISPATCH)

    def _may_change(self, org: Org) -> bool:
        return self._is_auto and org.consumer_key == self._hub_key

    def _change(self, why: str) -> None:
        why = self._context.reporter.redacted(why)
        if self._settle(DEPLOYED, why):
            self._context.reporter.warn(
                f"{why}. Each org gets a login app of its own from now on (login_app: auto)"
            )

    def _settle(self, way: str, why: str) -> bool:
        """Use this way from now on, also in later builds; False when it was in use already."""
        with self._context.lock:
            if self._way == way:
                return False
            self._way = way
        ledger = self._context.ledger
        known = ledger.facts(self._subject)
        ledger.record_facts(self._subject, replace(known, sign_up_way=way, sign_up_way_reason=why))
        self._context.scheduler.wake(DISPATCH)
        return True
