"""The Partner SOAP API, `/services/Soap/u/<version>`: setPassword, getUserInfo; no login.

Source: "Core Calls" in the SOAP API Developer Guide.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from provisioner.emulator.envelopes import illegal_session
from provisioner.emulator.errors import NotEmulatedError, SoapFault
from provisioner.emulator.ids import same_id
from provisioner.emulator.metadata.soap import answer, read_operation
from provisioner.emulator.metadata.xml_tree import Element
from provisioner.emulator.objects.values import format_datetime
from provisioner.emulator.routing import Call, Reply, route

NAMESPACE = "urn:partner.soap.sforce.com"
SELF_PASSWORD = "enablesetpasswordinapi"  # noqa: S105 - the feature's name, in lower case


@route("/services/Soap/u/<version>", "POST", name="soap.partner", access="soap")
@route("/services/Soap/u/<version>/<path:rest>", "POST", name="soap.partner", access="soap")
def partner(call: Call) -> Reply:
    """One operation of the Partner API."""
    request = read_operation(call, needs_session=False)
    if request.name == "login":
        text = "Invalid username, password, security token; or user locked out."
        raise SoapFault("INVALID_LOGIN", text)
    if call.org is None:
        raise illegal_session()
    operation = _OPERATIONS.get(request.name)
    if operation is None:
        raise NotEmulatedError(f"Partner API {request.name}")
    result = operation(call, request)
    return answer(NAMESPACE, request.name, result, header=_limit_info(call))


def _limit_info(call: Call) -> str:
    """The use of the API, in each answer. Source: an answer in CumulusCI's tests."""
    used, most = call.session_org().api_requests, call.world.limits.api
    return (
        f"<LimitInfoHeader><limitInfo><current>{used}</current><limit>{most}</limit>"
        "<type>API REQUESTS</type></limitInfo></LimitInfoHeader>"
    )


def _set_password(call: Call, request: Element) -> None:
    """Set a user's password. It is not stored: login by password is not emulated."""
    org, user_id = call.session_org(), request.value("userId")
    if len(user_id) not in (15, 18) or org.store.peek("User", user_id) is None:
        raise SoapFault("INVALID_ID_FIELD", "invalid cross reference id")
    features = {feature.lower() for feature in org.features}
    if same_id(user_id, call.user_id) and SELF_PASSWORD not in features:
        raise SoapFault("INSUFFICIENT_ACCESS", "Cannot set password for self")
    if len(request.value("password")) < 8:
        text = "Your password must be at least 8 characters long."
        raise SoapFault("INVALID_NEW_PASSWORD", text)
    org.store.set_fields("User", user_id, {})


def _get_user_info(call: Call, request: Element) -> dict[str, Any]:  # noqa: ARG001 - one signature
    org = call.session_org()
    user = org.store.peek("User", call.user_id) or {}
    return {
        "accessibilityMode": False,
        "currencySymbol": "$",
        "orgAttachmentFileSizeLimit": 5_242_880,
        "orgDefaultCurrencyIsoCode": "USD",
        "orgDisallowHtmlAttachments": False,
        "orgHasPersonAccounts": "personaccounts" in {one.lower() for one in org.features},
        "organizationId": org.id,
        "organizationMultiCurrency": "multicurrency" in {one.lower() for one in org.features},
        "organizationName": org.name,
        "profileId": user.get("ProfileId"),
        "roleId": user.get("UserRoleId"),
        "sessionSecondsValid": 7200,
        "userDefaultCurrencyIsoCode": None,
        "userEmail": user.get("Email"),
        "userFullName": user.get("Name"),
        "userId": call.user_id,
        "userLanguage": user.get("LanguageLocaleKey"),
        "userLocale": user.get("LocaleSidKey"),
        "userName": user.get("Username"),
        "userTimeZone": user.get("TimeZoneSidKey"),
        "userType": user.get("UserType"),
        "userUiSkin": "Theme3",
    }


def _get_server_timestamp(call: Call, request: Element) -> dict[str, Any]:  # noqa: ARG001
    return {"timestamp": format_datetime(call.world.now()).replace("+0000", "Z")}


_OPERATIONS: dict[str, Callable[[Call, Element], Any]] = {
    "getServerTimestamp": _get_server_timestamp,
    "getUserInfo": _get_user_info,
    "setPassword": _set_password,
}
