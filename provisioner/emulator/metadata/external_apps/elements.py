"""The elements of the five types: their order, their defaults, and what is done with others.

Source: docs/reference/external-client-apps.md#the-five-types.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from provisioner.emulator.metadata.components import Component
from provisioner.emulator.metadata.xml_tree import METADATA_NAMESPACE, Element
from provisioner.emulator.typed import decimal

APP = "ExternalClientApplication"
GLOBAL = "ExtlClntAppGlobalOauthSettings"
SETTINGS = "ExtlClntAppOauthSettings"
OAUTH_POLICIES = "ExtlClntAppOauthConfigurablePolicies"
POLICIES = "ExtlClntAppConfigurablePolicies"
TYPES = (APP, GLOBAL, SETTINGS, OAUTH_POLICIES, POLICIES)
OLDEST_API = 60
_NEVER_IN = range(64, 67)  # API versions without isNamedUserJwtEnabled

_ELEMENTS: Mapping[str, str] = {
    APP: """contactEmail contactPhone description distributionState iconUrl infoUrl isProtected
        label logoUrl managedType orgScopedExternalApp""",
    GLOBAL: """callbackUrl certificate consumerKey consumerSecret externalClientApplication
        idTokenConfig isClientCredentialsFlowEnabled isCodeCredFlowEnabled isCodeCredPostOnly
        isConsumerSecretOptional isDPopEnabled isDeviceFlowEnabled isEnforceRefreshTokenTTL
        isIntrospectAllTokens isNamedUserJwtEnabled isPkceRequired isRefreshTokenRotationEnabled
        isSecretRequiredForRefreshToken isSecretRequiredForTokenExchange isTokenExchangeEnabled
        label shouldRotateConsumerKey shouldRotateConsumerSecret""",
    SETTINGS: """areAttributesIncludedInAssetToken areCustomPermsIncludedInAssetToken
        assetTokenAudiences assetTokenSigningCertificate assetTokenValidity
        clientAssertionCertificate commaSeparatedOauthScopes customAttributes
        externalClientApplication isFirstPartyAppEnabled label oauthLink singleLogoutUrl
        trustedIpRanges""",
    OAUTH_POLICIES: """apexHandler clientCredentialsFlowUser commaSeparatedCustomScopes
        commaSeparatedPermissionSet commaSeparatedProfile customAttributes executeHandlerAs
        externalClientApplication guestJwtSessionTimeoutType guestJwtTimeout ipRelaxationPolicyType
        isClientCredentialsFlowEnabled isGuestCodeCredFlowEnabled isNamedUserJwtEnabled
        isTokenExchangeFlowEnabled label namedUserJwtSessionTimeoutType namedUserJwtTimeout
        permittedUsersPolicyType policyAction refreshTokenPolicyType refreshTokenValidityPeriod
        refreshTokenValidityUnit requiredSessionLevel sessionTimeoutInMinutes singleLogoutUrl
        startUrl""",
    POLICIES: """externalClientApplication isCanvasPluginEnabled isEnabled isMobilePluginEnabled
        isNotificationPluginEnabled isOauthPluginEnabled isPushPluginEnabled isSamlPluginEnabled
        label startPage startUrl""",
}
_DEFAULTS: Mapping[str, Mapping[str, str]] = {
    APP: {"distributionState": "Local", "isProtected": "false"},
    GLOBAL: {
        "isClientCredentialsFlowEnabled": "false",
        "isConsumerSecretOptional": "false",
        "isDeviceFlowEnabled": "false",
        "isIntrospectAllTokens": "false",
        "isPkceRequired": "true",
        "isRefreshTokenRotationEnabled": "false",
        "isSecretRequiredForRefreshToken": "true",
        "isTokenExchangeEnabled": "false",
        "shouldRotateConsumerKey": "false",
        "shouldRotateConsumerSecret": "false",
    },
    SETTINGS: {"isFirstPartyAppEnabled": "false"},
    OAUTH_POLICIES: {
        "ipRelaxationPolicyType": "Enforce",
        "isClientCredentialsFlowEnabled": "false",
        "isGuestCodeCredFlowEnabled": "false",
        "isTokenExchangeFlowEnabled": "false",
        "permittedUsersPolicyType": "AllSelfAuthorized",
        "refreshTokenPolicyType": "SpecificLifetime",
        "refreshTokenValidityPeriod": "365",
        "refreshTokenValidityUnit": "Days",
        "requiredSessionLevel": "STANDARD",
    },
    POLICIES: {"isEnabled": "false", "isOauthPluginEnabled": "false", "startPage": "None"},
}
_OF_SPECIFIC = ("refreshTokenValidityPeriod", "refreshTokenValidityUnit")


def taken(component: Component, api_version: str) -> list[Element]:
    """The elements of a file that the platform reads; notes a problem for unknown ones.

    One that comes after a later one of the type is dropped, and nothing is said about it.
    """
    names, found, last = _names(component.type, api_version), list[Element](), ""
    assert component.element is not None
    for child in component.element.children:
        if child.name not in names:
            qualified = f"{{{METADATA_NAMESPACE}}}{child.name}"
            text = f"Element {qualified} invalid at this location in type {component.type}"
            component.problem(f"Error parsing file: {text}", child)
        elif child.name >= last:
            found.append(child)
            last = child.name
    return found


def _names(component_type: str, api_version: str) -> frozenset[str]:
    names = frozenset(_ELEMENTS[component_type].split())
    number = decimal(api_version)
    is_without = component_type == GLOBAL and number is not None and int(number) in _NEVER_IN
    return names - {"isNamedUserJwtEnabled"} if is_without else names


def whole(component_type: str, given: Iterable[Element], **values: str) -> Element:
    """The component that an org keeps: what is given, `values` in its place, and defaults."""
    by_name: dict[str, list[Element]] = {}
    for one in given:
        by_name.setdefault(one.name, []).append(one)
    for name, value in {**_defaults(component_type, by_name), **values}.items():
        by_name[name] = [Element(name, 0, 0, value)]
    children = [one for name in sorted(by_name) for one in by_name[name]]
    return Element(component_type, 0, 0, children=children)


def _defaults(component_type: str, given: Mapping[str, list[Element]]) -> dict[str, str]:
    found = {name: v for name, v in _DEFAULTS[component_type].items() if name not in given}
    policy = given.get("refreshTokenPolicyType")
    if policy and not policy[0].text.startswith("Specific"):
        return {name: value for name, value in found.items() if name not in _OF_SPECIFIC}
    return found
