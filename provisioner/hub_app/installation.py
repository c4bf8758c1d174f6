"""Deploys the app, or brings it up to date: certificate, policies, permission set, assignment.

A redeploy is declarative: what it leaves out is cleared. So each one is whole, with the certificate
of the first private key, and it never requests or rotates a consumer key of an app that exists.
Source: docs/reference/external-client-apps.md#the-five-types.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner.config.certificate import app_certificate, is_of_another_key
from provisioner.errors import ErrorKind, SalesforceError, UsageError
from provisioner.hub_app import state
from provisioner.hub_app.refusals import named, require_success
from provisioner.hub_app.rights import permissions_xml
from provisioner.hub_app.users import assignment_refused, build_user
from provisioner.salesforce.deploy_body import deploy_body
from provisioner.salesforce.external_client_app import ExternalClientApp, package
from provisioner.salesforce.pre_authorization import pre_authorize
from provisioner.salesforce.whole_deploy import deploy

if TYPE_CHECKING:
    from provisioner.config.hub import DevHub
    from provisioner.salesforce.org import OrgClient

_TRIES, _WAIT = 10, 2.0  # of the pre-authorization; seconds


@dataclass(frozen=True)
class Installed:
    """The app after an installation."""

    consumer_key: str
    is_new: bool
    is_rotated: bool  # the certificate of another key was replaced


def install(
    org: OrgClient,
    org_id: str,
    hub: DevHub,
    *,
    rotate: bool,
    say: Callable[[str], None],
    time_scale: float = 1.0,
) -> Installed:
    """Deploy the app, pre-authorize the build user, and read the consumer key back.

    Without `rotate`, the certificate of an app that exists is not replaced by that of another key.

    Raises UsageError for what a person has to change, SalesforceError, LoginError.
    """
    certificate = app_certificate(hub)
    with named():
        user = build_user(org, hub.username)
        found = state.find(org)
        is_changed = bool(found.app) and _replaces(org, certificate, time_scale)
        _check_rotation(rotate=rotate, exists=bool(found.app), is_changed=is_changed)
        say(f"deploying the External Client App {state.NAME} and its permission set")
        app = ExternalClientApp(
            name=state.NAME,
            label=state.LABEL,
            description="The JWT logins of the build user of provisioner.",
            contact_email=user.email,
            certificate=certificate,
            consumer_key="" if found.app else hub.consumer_key,
            existing_in=org_id if found.app else "",
            set_description=state.SET_DESCRIPTION,
            permissions=permissions_xml(),
        )
        body = deploy_body(package(app, org.api_version))
        require_success(deploy(org, body, time_scale=time_scale))
        _pre_authorize(org, user.id, hub.username, time_scale)
        say(f"{hub.username} has the permission set {state.NAME}")
        key = state.settings(org, time_scale=time_scale).consumer_key
    return Installed(key, is_new=not found.app, is_rotated=is_changed)


def _replaces(org: OrgClient, certificate: str, time_scale: float) -> bool:
    """Whether the deploy replaces the certificate by that of another key."""
    deployed = state.settings(org, time_scale=time_scale).certificate
    return is_of_another_key(deployed, certificate)


def _check_rotation(*, rotate: bool, exists: bool, is_changed: bool) -> None:
    if rotate and not exists:
        raise UsageError(
            f"the Dev Hub has no app {state.NAME} whose certificate could be replaced",
            code="no_app",
            hint="run the command without --rotate",
        )
    if is_changed and not rotate:
        raise UsageError(
            f"the app {state.NAME} of the Dev Hub has the certificate of another private key; "
            "nothing was changed",
            code="other_certificate",
            hint="to replace it, list both keys in pool.yaml, private_key: [NEW, OLD], and pass "
            "--rotate; if another project uses this app, use its private key",
        )


def _pre_authorize(org: OrgClient, user_id: str, username: str, time_scale: float) -> None:
    """Assign the permission set, and link it to the app; both may be visible only after seconds."""
    for left in reversed(range(_TRIES)):
        try:
            pre_authorize(org, state.NAME, [user_id])
            return
        except SalesforceError as error:
            if error.kind is not ErrorKind.TRANSIENT:
                raise assignment_refused(error, username) from None
            if not left:
                raise
        time.sleep(_WAIT * time_scale)
