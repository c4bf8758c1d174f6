"""External Client Apps: five types that together make an app with which users log in.

Source: docs/reference/external-client-apps.md#the-five-types.
"""

from __future__ import annotations

import re

from provisioner.emulator.apps import key_of
from provisioner.emulator.ids import same_id, to_15
from provisioner.emulator.metadata import state
from provisioner.emulator.metadata.component_rows import remove_visible_row
from provisioner.emulator.metadata.components import Component
from provisioner.emulator.metadata.external_apps import keys, policies, scopes
from provisioner.emulator.metadata.external_apps.elements import (
    APP,
    GLOBAL,
    OAUTH_POLICIES,
    OLDEST_API,
    POLICIES,
    SETTINGS,
    taken,
    whole,
)
from provisioner.emulator.metadata.external_apps.parts import part_of
from provisioner.emulator.metadata.kinds.registry import DeployContext, check_root, kind
from provisioner.emulator.metadata.state import StoredComponent
from provisioner.emulator.metadata.xml_text import document
from provisioner.emulator.metadata.xml_tree import Element
from provisioner.emulator.typed import decimal

NO_PARENT = "Enter the name of the parent external client app"
NO_SETTINGS = (
    "The external client app configured in your global OAuth Settings doesn't have a valid OAuth "
    "settings configuration"
)
TAKEN = "The consumer key is already taken"
_OWN_NAME = re.compile(r"(00D\w{12}(?:\w{3})?):(\w+)\Z")


@kind(APP)
def apply_app(context: DeployContext, component: Component) -> None:
    """The app itself. One that the org has already needs `orgScopedExternalApp`.

    The texts about that element are not known.
    """
    given = _read(context, component)
    if given is None:
        return
    if not given.value("contactEmail"):
        component.problem("Required field is missing: contactEmail")
    org, known = context.org, context.find(APP, component.full_name)
    _check_own_name(context, component, given, is_new=known is None)
    if component.problems:
        return
    own_id = ""
    if known is not None and org.world.behavior.new_app_id_on_redeploy == "yes":
        remove_visible_row(org, known)
        own_id = state.component_id(org, APP)
    own_name = f"{to_15(org.id)}:{component.full_name}"
    _keep(context, component, whole(APP, given.children, orgScopedExternalApp=own_name), own_id)


def _check_own_name(
    context: DeployContext, component: Component, given: Element, *, is_new: bool
) -> None:
    """For a new app the element may name the org from which its files come."""
    element, org_id = given.find("orgScopedExternalApp"), context.org.id
    match = _OWN_NAME.match(element.text) if element else None
    if element is not None and match is None:
        component.problem(f"Invalid org scoped external client app: {element.text}", element)
    elif is_new:
        return
    elif match is None:
        component.problem(
            f"An external client app named {component.full_name} already exists in this org; "
            "orgScopedExternalApp is required to update it"
        )
    elif not same_id(match[1], org_id) or match[2].lower() != component.full_name.lower():
        component.problem(f"Invalid org scoped external client app: {match[0]}", element)


@kind(GLOBAL)
def apply_global_settings(context: DeployContext, component: Component) -> None:
    """Certificate, key and secret. They need the OAuth settings, which the same deploy brings.

    The key stays what it was, whatever a redeploy asks for. `isPkceRequired` is always true.
    """
    given = _read_part(context, component)
    if given is None:
        return
    app = given.value("externalClientApplication")
    if not given.value("callbackUrl"):
        component.problem("Required field is missing: callbackUrl")
    if part_of(context.org, SETTINGS, app) is None:
        component.problem(NO_SETTINGS)
    _check_certificate(component, given)
    if component.problems:
        return
    key = _key(context, component, given, app)
    if component.problems:
        return
    before = part_of(context.org, GLOBAL, app)
    secret = before.element.value("consumerSecret") if before and before.element else ""
    if not secret or given.flag("shouldRotateConsumerSecret"):
        secret = given.value("consumerSecret") or keys.new_secret(context.org.world)
    values = {"consumerKey": key, "consumerSecret": secret, "isPkceRequired": "true"}
    values |= {"shouldRotateConsumerKey": "false", "shouldRotateConsumerSecret": "false"}
    _keep(context, component, whole(GLOBAL, given.children, **values))


def _check_certificate(component: Component, given: Element) -> None:
    """The text for a certificate that cannot be read is not known."""
    element = given.find("certificate")
    if element is None or not element.text:
        return
    try:
        key_of(element.text)
    except ValueError:
        component.problem("The certificate is not a valid PEM-encoded certificate", element)


def _key(context: DeployContext, component: Component, given: Element, app: str) -> str:
    """The consumer key of an app: its own, the requested one, or a new one."""
    world, before = context.org.world, part_of(context.org, GLOBAL, app)
    own = before.element.value("consumerKey") if before and before.element else ""
    if given.flag("shouldRotateConsumerKey"):
        if not context.ignores_warnings:
            component.problem("The consumer key is rotated only by a deploy that ignores warnings")
        return keys.new_key(world)
    if own:
        return own
    wanted = given.find("consumerKey")
    if wanted is None or not wanted.text:
        return keys.new_key(world)
    if keys.is_taken(context.org, wanted.text, component.full_name):
        component.problem(TAKEN, wanted)
    return wanted.text if world.behavior.requested_key == "kept" else keys.new_key(world)


@kind(SETTINGS)
def apply_settings(context: DeployContext, component: Component) -> None:
    """Scopes. `oauthLink` is made by the org; what is said about a wrong one is not known."""
    given = _read_part(context, component)
    if given is None:
        return
    text = scopes.problem(scopes.listed(given.value("commaSeparatedOauthScopes")))
    if text:
        component.problem(text, given.find("commaSeparatedOauthScopes"))
    before = context.find(SETTINGS, component.full_name)
    link = before.element.value("oauthLink") if before and before.element else ""
    asked = given.find("oauthLink")
    if asked is not None and asked.text != link:
        component.problem(f"Invalid OAuth link: {asked.text}", asked)
    if component.problems:
        return
    link = link or f"{to_15(context.org.id)}:{to_15(context.org.new_id('888'))}"
    _keep(context, component, whole(SETTINGS, given.children, oauthLink=link))


@kind(OAUTH_POLICIES)
def apply_oauth_policies(context: DeployContext, component: Component) -> None:
    """Who may log in; see `policies`."""
    given = _read_part(context, component)
    if given is None:
        return
    policies.check(component, given)
    parents = policies.parents(context, component, given)
    if component.problems:
        return
    _drop_default(context, component, given)
    _keep(context, component, whole(OAUTH_POLICIES, given.children))
    policies.grant(context, given, parents)


@kind(POLICIES)
def apply_policies(context: DeployContext, component: Component) -> None:
    """Whether the app and its OAuth plugin are on."""
    given = _read_part(context, component)
    if given is None:
        return
    if not given.value("isEnabled"):
        component.problem("Required field is missing: isEnabled")
        return
    _drop_default(context, component, given)
    _keep(context, component, whole(POLICIES, given.children))


def _drop_default(context: DeployContext, component: Component, given: Element) -> None:
    """Policies of another name replace the default ones (which the reference leaves open)."""
    app = given.value("externalClientApplication")
    known = part_of(context.org, component.type, app)
    if known is not None and known.full_name.lower() != component.full_name.lower():
        del context.org.components[known.key]


def _read(context: DeployContext, component: Component) -> Element | None:
    """What the platform reads of a file; None if it has problems."""
    if not check_root(component, component.type) or component.problems:
        return None
    version = decimal(context.api_version)
    if version is not None and version < OLDEST_API:
        component.problem("Not available for deploy for this API version")
        return None
    children = taken(component, context.api_version)
    return None if component.problems else Element(component.type, 0, 0, children=children)


def _read_part(context: DeployContext, component: Component) -> Element | None:
    """The same of a part, whose app must exist."""
    given = _read(context, component)
    if given is None:
        return None
    parent = given.find("externalClientApplication")
    if parent is None or not parent.text:
        component.problem(NO_PARENT)
    elif context.find(APP, parent.text) is None:
        component.problem("INVALID_CROSS_REFERENCE_KEY: invalid cross reference id", parent)
    return None if component.problems else given


def _keep(
    context: DeployContext, component: Component, element: Element, own_id: str = ""
) -> StoredComponent:
    """Store a component as the org shows it."""
    component.element, stated = element, component.element
    stored = context.keep(component, own_id=own_id)
    component.element = stated
    stored.files = {stored.file_name: document(component.type, element.children)}
    return stored
