"""The first login to the org of a probe as a consumer makes it, in each of the two ways."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from provisioner.builder.lifecycle import APP_PROPAGATION, PROPAGATION
from provisioner.builder.org_steps import ATTEMPTS, RETRIED
from provisioner.builder.step_list import StepLists
from provisioner.errors import BuildError, ErrorKind, LoginError, SalesforceError
from provisioner.retry import STEP
from provisioner.salesforce.app_keys import derived_consumer_key
from provisioner.steps.base import Done, Pending, StepContext, StepState
from provisioner.steps.login_app import Deploying

if TYPE_CHECKING:
    from provisioner.builder.first_logins import OrgFirstLogin
    from provisioner.ledger.base import Org
    from provisioner.probe.context import ProbeContext
    from provisioner.probe.org import ProbeOrg
    from provisioner.salesforce.grant import Grant

LOGIN_POLL = 3.0  # seconds between two logins


@dataclass(frozen=True)
class FirstLogin:
    """What the first login has shown."""

    delay: float  # seconds since the org was active, or its app deployed
    grant: Grant
    asked_key_kept: bool | None = None
    setup_entity_access: str = ""

    def facts(self) -> dict[str, Any]:
        """The facts, by their names."""
        endpoint = self.grant.endpoint
        return {
            "login_delay_seconds": round(self.delay, 1),
            "login_url": endpoint.host if endpoint else "",
            "audience": endpoint.audience if endpoint else "",
            "asked_consumer_key_kept": self.asked_key_kept,
            "setup_entity_access": self.setup_entity_access,
        }


def replicated(context: ProbeContext, org: ProbeOrg) -> FirstLogin:
    """Log in through the Dev Hub's app, which the sign-up may have copied.

    Raises LoginError when the org refuses the login to the end of the propagation window.
    """
    reported = ""
    while True:
        try:
            grant = context.connections.sign_in(org.row)
        except LoginError as error:
            age = context.since(org.active_at)
            if not error.is_transient or age > PROPAGATION:
                org.check_row()
                raise
            reported = _reported(context, error.message, reported)
            context.wait(LOGIN_POLL)
        else:
            return FirstLogin(context.since(org.active_at), grant)


def deployed(context: ProbeContext, org: ProbeOrg) -> FirstLogin:
    """Deploy a login app, and log in through it.

    Raises LoginError when the org refuses the login, and BuildError when the app cannot be
    deployed.
    """
    work = _AppDeploy(context, org)
    try:
        return work.run()
    except BuildError:
        org.check_row()
        if work.refusal is not None and work.deployed_at is not None:
            raise work.refusal from None  # the app is there, but the org does not accept it
        raise
    finally:
        context.connections.forget(org.row)


class _AppDeploy:
    """The step of a build that deploys the login app, carried out alone."""

    def __init__(self, context: ProbeContext, org: ProbeOrg) -> None:
        self.refusal: LoginError | None = None  # the last one
        self.deployed_at: float | None = None  # by time.monotonic
        self._context = context
        self._org = org
        self._listed = StepLists(context.config).login_app()
        self._accepted: tuple[float, Grant] | None = None  # the first login, and when it worked
        self._memory: dict[str, Any] = {}
        self._state: StepState | None = None
        self._reported = ""

    def run(self) -> FirstLogin:
        """Carry the step out. Raises BuildError, LoginError."""
        self._context.say("deploying a login app into the org")
        failures = 0
        while True:
            try:
                outcome = self._advance()
            except BuildError as error:
                failures += 1
                if error.kind not in RETRIED or failures > ATTEMPTS or self._is_late:
                    raise
                self._report(error.message)
                self._context.wait(STEP.wait(failures))
                continue
            if isinstance(outcome, Done):
                return self._result(outcome)
            self._state = outcome.state
            if self.deployed_at is None and not isinstance(outcome.state, Deploying):
                self.deployed_at = time.monotonic()
                self._context.say("the login app is deployed; waiting until the org accepts it")
            is_deploying = isinstance(outcome.state, Deploying) and outcome.note
            self._report(f"the deploy is {outcome.note}" if is_deploying else outcome.note)
            if self._is_late:
                text = f"the login app was not complete after {self._listed.timeout:.0f} s"
                raise SalesforceError(text, kind=ErrorKind.REPLACE)
            self._context.wait(outcome.wait)

    def _advance(self) -> Done | Pending:
        row, context, step = self._org.row, self._context, self._listed.step
        first = context.connections.first_login(row, lambda: self._age > APP_PROPAGATION)
        assert first is not None
        step_context = StepContext(
            org=context.connections.org(row),
            username=row.username,
            directory=context.config.directory,
            definition=context.definition,
            org_id=row.org_id,
            first_login=self._watched(first),
            now=context.connections.clock.now,
            memory=self._memory,
        )
        if self._state is None:
            return step.start(step_context)
        return step.poll(step_context, self._state)

    def _watched(self, first: OrgFirstLogin) -> OrgFirstLogin:
        return replace(first, log_in=self._log_in)

    def _log_in(self, row: Org) -> Grant:
        """A login of the step, which is remembered."""
        try:
            grant = self._context.connections.sign_in(row)
        except LoginError as error:
            self.refusal = error
            raise
        self._accepted = self._accepted or (time.monotonic(), grant)
        return grant

    def _result(self, done: Done) -> FirstLogin:
        assert self._accepted is not None
        assert self.deployed_at is not None
        at, grant = self._accepted
        key = str(done.changes["consumer_key"])
        return FirstLogin(
            (at - self.deployed_at) / self._context.time_scale,
            grant,
            key == derived_consumer_key(self._org.row.username),
            str(self._memory.get("setup_entity_access", "")),
        )

    @property
    def _age(self) -> float:
        return self._context.since(self._org.active_at)

    @property
    def _is_late(self) -> bool:
        return self._age > self._listed.timeout

    def _report(self, text: str) -> None:
        self._reported = _reported(self._context, text, self._reported)


def _reported(context: ProbeContext, text: str, before: str) -> str:
    """Report why the probe waits, once for each reason; returns the reason."""
    first_line = text.partition("\n")[0]
    if first_line and first_line != before:
        context.say(f"waiting: {first_line}")
    return first_line or before
