"""What becomes of the apps of an org after a deploy: default policies, and logins.

Source: docs/reference/external-client-apps.md#policies.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from provisioner.emulator.apps import ConnectedApp, InstalledApp, key_of
from provisioner.emulator.metadata import state
from provisioner.emulator.metadata.external_apps.elements import (
    GLOBAL,
    OAUTH_POLICIES,
    POLICIES,
    SETTINGS,
    whole,
)
from provisioner.emulator.metadata.external_apps.parts import apps_of, part_of
from provisioner.emulator.metadata.external_apps.scopes import listed
from provisioner.emulator.metadata.state import StoredComponent
from provisioner.emulator.metadata.xml_text import document
from provisioner.emulator.metadata.xml_tree import Element

if TYPE_CHECKING:
    from provisioner.emulator.org import EmulatedOrg

PRE_AUTHORIZED = "AdminApprovedPreAuthorized"
_FILES = {
    POLICIES: ("extlClntAppPolicies", "ecaPlcy"),
    OAUTH_POLICIES: ("extlClntAppOauthPolicies", "ecaOauthPlcy"),
}


def complete(org: EmulatedOrg, user_id: str) -> None:
    """Add the policies that a deploy left out: `<Name>_defaultPolicy`, of both types."""
    for app in apps_of(org):
        if part_of(org, SETTINGS, app.full_name) is None:
            continue
        for kind in _FILES:
            if part_of(org, kind, app.full_name) is None:
                _add_default(org, kind, app.full_name, user_id)


def _add_default(org: EmulatedOrg, kind: str, app: str, user_id: str) -> None:
    (folder, suffix), name, now = _FILES[kind], f"{app}_defaultPolicy", state.now(org)
    values = {"externalClientApplication": app, "label": name}
    if kind == POLICIES:
        values |= {"isEnabled": "true", "isOauthPluginEnabled": "true"}
    element, path = whole(kind, (), **values), f"{folder}/{name}.{suffix}"
    own_id = state.component_id(org, kind)
    stored = StoredComponent(kind, name, path, own_id, now, user_id, now, user_id, element)
    stored.files = {path: document(kind, element.children)}
    state.keep(org, stored)


def install(org: EmulatedOrg) -> None:
    """Let users log in with the apps of an org as they are now."""
    world, found = org.world, dict[str, InstalledApp]()
    for stored in apps_of(org):
        app = _app(org, stored)
        if app is None:
            continue
        known = org.apps.get(app.consumer_key)
        if known is None or not known.app_id:
            delays = partial(world.latencies.delay, of=org.username)
            known_from = world.now() + delays("app_latency.Unknown")
            usable_from = known_from + delays("app_latency.NotApproved")
            known = InstalledApp(app, set(), "", known_from, usable_from)
        known.app, known.app_id = app, stored.id
        found[app.consumer_key] = known
    for key in [key for key, one in org.apps.items() if one.app_id and key not in found]:
        del org.apps[key]
    org.apps.update(found)


def _app(org: EmulatedOrg, stored: StoredComponent) -> ConnectedApp | None:
    """The app of its parts; None while it has no OAuth settings."""
    name = stored.full_name
    general, oauth = _element(org, GLOBAL, name), _element(org, SETTINGS, name)
    if general is None or oauth is None:
        return None
    certificate = general.value("certificate")
    key, expires = key_of(certificate) if certificate else (None, None)
    oauth_policy = _element(org, OAUTH_POLICIES, name)
    policy = oauth_policy.value("permittedUsersPolicyType") if oauth_policy else ""
    app_policy = _element(org, POLICIES, name)
    return ConnectedApp(
        general.value("consumerKey"),
        key,
        expires,
        kind="external",
        policy="admin" if policy == PRE_AUTHORIZED else "self",
        is_carried=org.world.hub_app == "external-replicated",
        scopes=frozenset(listed(oauth.value("commaSeparatedOauthScopes"))),
        is_enabled=app_policy is not None and _is_on(app_policy),
        has_jwt_tokens=general.flag("isNamedUserJwtEnabled"),
    )


def _is_on(policy: Element) -> bool:
    return policy.flag("isEnabled") and policy.flag("isOauthPluginEnabled")


def _element(org: EmulatedOrg, kind: str, app: str) -> Element | None:
    found = part_of(org, kind, app)
    return found.element if found else None
