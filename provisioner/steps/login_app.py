"""The login app: an External Client App with our certificate, in an org without the hub's app.

It is the first thing that happens in an org that was signed up with `PlatformCLI`, and has no entry
in pool.yaml. The org's first session, which the one-time code of the sign-up has opened, deploys
the app, pre-authorizes the user and reads back which consumer key the org has. After a login as a
consumer makes it, the first session is revoked. From then on every session is a JWT login.

The tokens of the first session are only in memory, so a build that follows a killed one cannot
continue: the org is deleted and replaced (`provisioner.builder.lost_sessions`). Source:
docs/reference/external-client-apps.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from provisioner.errors import ErrorKind, LoginError
from provisioner.salesforce import pre_authorization
from provisioner.salesforce.app_keys import derived_consumer_key
from provisioner.salesforce.deploy_body import deploy_body
from provisioner.salesforce.external_client_app import (
    SETTINGS_TYPE,
    ExternalClientApp,
    package,
    settings_name,
)
from provisioner.salesforce.ids import to_18
from provisioner.salesforce.login_errors import NOT_YET
from provisioner.salesforce.metadata_retrieve import retrieved_consumer_key, start_retrieve
from provisioner.steps import deployment
from provisioner.steps.base import Done, Outcome, Pending, StartAgain, StepContext, StepFailed
from provisioner.steps.remote_request import RemoteRequest
from provisioner.steps.session_user import session_user_id

NAME = "ProvisionerLogin"
"""API name of the app, its permission set, and the prefix of its other parts."""

LABEL = "Provisioner login"
DESCRIPTION = "Logs in by JWT with the certificate of the Dev Hub's pool (provisioner)."
TIMEOUT = 45 * 60.0  # seconds
_DEPLOY = re.compile(r"(0Af\w{12,15}) (requested|generated)")
_RETRIEVE_POLL = 1.0  # seconds
_LOGIN_POLL = 10.0
_TAKEN = "consumer key is already taken"
_NOT_KNOWN = "not available for deploy for this organization"


@dataclass(frozen=True)
class Deploying:
    """The deploy with this id runs."""

    id: str
    is_key_requested: bool

    def text(self) -> str:
        """`deploy 0Af… requested` or `deploy 0Af… generated`: whose consumer key."""
        return f"deploy {self.id} {'requested' if self.is_key_requested else 'generated'}"


@dataclass(frozen=True)
class Reading:
    """The retrieve with this id, which reads the consumer key, runs."""

    id: str

    def text(self) -> str:
        """`retrieve 09S…`."""
        return f"retrieve {self.id}"


@dataclass(frozen=True)
class Checking:
    """The app is there; the org may need minutes until it accepts logins."""

    consumer_key: str

    def text(self) -> str:
        """`login CONSUMER_KEY`."""
        return f"login {self.consumer_key}"


State = Deploying | Reading | Checking | StartAgain


@dataclass(frozen=True)
class LoginApp:
    """Deploys the app with `certificate`. Safe to start again while the first session lasts."""

    kind: ClassVar[str] = "login app"

    certificate: str  # PEM
    contact_email: str

    def start(self, context: StepContext) -> Outcome:
        """Deploy the app, also over one of this name that the org has, as from a snapshot."""
        existing = pre_authorization.app_id(context.org, NAME)
        key = "" if existing else derived_consumer_key(context.username)
        return self._deploy(context, key, existing_in=context.org_id if existing else "")

    def poll(self, context: StepContext, state: State) -> Outcome:
        """Continue. Raises StepFailed, SalesforceError, LoginError."""
        if isinstance(state, Deploying):
            return self._deployed(context, state)
        if isinstance(state, Reading):
            key = retrieved_consumer_key(context.org, state.id)
            return self._check(context, key) if key else _reading(state.id)
        if isinstance(state, Checking):
            return self._check(context, state.consumer_key)
        return self.start(context)

    def read_state(self, text: str) -> State:
        """The state that `text` describes; any other text starts the step again."""
        word, _, rest = text.partition(" ")
        if word == "deploy" and (found := _DEPLOY.fullmatch(rest)):
            return Deploying(found[1], found[2] == "requested")
        if word == "retrieve" and rest:
            return Reading(rest)
        if word == "login" and rest:
            return Checking(rest)
        return StartAgain()

    def inputs(self, directory: Path) -> Iterable[bytes]:  # noqa: ARG002 - the contract
        """Nothing: the way to log in does not change what an org contains."""
        return ()

    def _deploy(self, context: StepContext, consumer_key: str, *, existing_in: str = "") -> Outcome:
        app = ExternalClientApp(
            name=NAME,
            label=LABEL,
            description=DESCRIPTION,
            contact_email=self.contact_email,
            certificate=self.certificate,
            consumer_key=consumer_key,
            existing_in=to_18(existing_in) if existing_in else "",
        )
        body = deploy_body(package(app, context.org.api_version))
        try:
            outcome = deployment.start(context, body)
        except StepFailed as failure:
            return self._refused(context, failure, is_key_requested=bool(consumer_key))
        return self._after(context, outcome, is_key_requested=bool(consumer_key))

    def _deployed(self, context: StepContext, state: Deploying) -> Outcome:
        try:
            outcome = deployment.poll(context, RemoteRequest(state.id))
        except StepFailed as failure:
            return self._refused(context, failure, is_key_requested=state.is_key_requested)
        return self._after(context, outcome, is_key_requested=state.is_key_requested)

    def _after(self, context: StepContext, outcome: Outcome, *, is_key_requested: bool) -> Outcome:
        """When the deploy is done: pre-authorize the user, and read the consumer key."""
        if isinstance(outcome, Pending):
            assert isinstance(outcome.state, RemoteRequest)
            state = Deploying(outcome.state.id, is_key_requested)
            return replace(outcome, state=state, operation="deploy")
        linked = pre_authorization.pre_authorize(context.org, NAME, [session_user_id(context)])
        context.memory["setup_entity_access"] = linked  # for `check --probe`
        retrieve = start_retrieve(context.org, SETTINGS_TYPE, settings_name(NAME))
        return _reading(retrieve)

    def _refused(
        self, context: StepContext, failure: StepFailed, *, is_key_requested: bool
    ) -> Outcome:
        """A requested key that is in use anywhere in Salesforce: take a generated one."""
        lines = [failure.message, *failure.details]
        if is_key_requested and any(_TAKEN in line.lower() for line in lines):
            return self._deploy(context, "")
        if failure.kind is ErrorKind.CONTENT:
            failure.kind = ErrorKind.CONFIGURATION  # every other org refuses it in the same way
            failure.hint = _hint(lines)
        raise failure

    def _check(self, context: StepContext, consumer_key: str) -> Outcome:
        """Log in as a consumer does; a new app is usable only after minutes."""
        first = context.first_login
        assert first is not None
        try:
            first.sign_in(consumer_key)
        except LoginError as error:
            first_line, *details = error.message.split("\n")
            if not (error.is_transient or error.code in NOT_YET):
                raise
            if first.is_overdue:
                raise StepFailed(
                    first_line, details=details, hint=error.hint, kind=ErrorKind.REPLACE
                ) from None
            state = Checking(consumer_key)
            return Pending(state, note=first_line, wait=_LOGIN_POLL, operation="login")
        first.revoke()  # only then is the consumer key recorded
        return Done("a login app of its own", {"consumer_key": consumer_key})


def _reading(retrieve: str) -> Pending:
    return Pending(Reading(retrieve), wait=_RETRIEVE_POLL, operation="retrieve")


def _hint(lines: Iterable[str]) -> str:
    if any(_NOT_KNOWN in line.lower() for line in lines):
        return (
            'External Client Apps are not enabled in the org: add "externalClientAppSettings": '
            '{"enableExternalClientApps": true} to the settings of the org definition'
        )
    return (
        "the login app could not be deployed; if the reason is about External Client Apps, check "
        "the features and settings of the org definition"
    )
