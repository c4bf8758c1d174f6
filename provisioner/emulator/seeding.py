"""The initial records of an org: organization, profiles, licences, its admin user."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from provisioner.emulator.metadata.remote_sites import remote_proxy_fields
from provisioner.emulator.objects.permissions import API_ONLY
from provisioner.emulator.objects.values import format_datetime

if TYPE_CHECKING:
    from provisioner.emulator.org import EmulatedOrg

LICENSES = (("Salesforce", "SFDC"), ("Salesforce Platform", "AUL"), ("Chatter Free", "CSN"))
_USER_TYPES = {"CSN": "CsnOnly"}  # by licence; docs/reference/users.md#user-types
PROFILES = (
    ("System Administrator", "Salesforce"),
    ("Standard User", "Salesforce"),
    ("Minimum Access - Salesforce", "Salesforce"),
    ("Read Only", "Salesforce"),
    ("Standard Platform User", "Salesforce Platform"),
    ("Chatter Free User", "Chatter Free"),
)


PERMISSION_SET_LICENSES = {
    "AnalyticsViewOnlyUserPsl": "Analytics View Only Embedded App",
    "B2BBuyerPsl": "B2B Buyer",
    "CRMUserPsl": "CRM User",
    "EinsteinAnalyticsPlusPsl": "CRM Analytics Plus",
    "IdentityConnect": "Identity Connect",
    "SalesConsoleUser": "Sales Console User",
    "SurveyCreatorPsl": "Survey Creator",
}
"""Some that every new org has: developer name → label (plugin-user's tests assign them)."""


INTEGRATION_LICENSE = "Salesforce Integration"
INTEGRATION_PSL = "SalesforceAPIIntegrationPsl"
"""Source: docs/reference/dev-hub.md#users-with-least-rights. The licence's key is not known."""


def fill(
    org: EmulatedOrg, username: str, *, email: str = "", has_sample_data: bool = False
) -> None:
    """Add the initial records of a new org."""
    org.admin_id = org.world.ids.new("005")  # known first: it has created all that follows
    licenses = {
        name: user_license(org, name, key, total=_licenses(org, name)) for name, key in LICENSES
    }
    for name, license_name in PROFILES:
        profile(org, name, licenses[license_name])
    org.store.add("User", _admin(org, username, email))
    org.world.usernames[username.lower()] = (org, org.admin_id)
    _organization(org)
    if org.is_hub:
        license_id = user_license(org, INTEGRATION_LICENSE, "SFDC_API_INTEGRATION", total=5)
        profile(org, API_ONLY, license_id)
        permission_set_license(org, INTEGRATION_PSL, "Salesforce API Integration")
    else:
        _trace_flag(org)
        for name, label in PERMISSION_SET_LICENSES.items():
            permission_set_license(org, name, label)
        remote_site = {"url": "http://www.apexdevnet.com", "isActive": True}
        org.store.add("RemoteProxy", remote_proxy_fields("ApexDevNet", remote_site))
        org.store.add("Pricebook2", {"Name": "Standard Price Book", "IsActive": True,
                                     "IsStandard": True})  # fmt: skip
    if has_sample_data:
        _sample_data(org)


def _trace_flag(org: EmulatedOrg) -> None:
    """One trace flag, which is over: a test of plugin-apex (loggingCommands) finds one."""
    ends = org.created - timedelta(minutes=1)
    level = {"DeveloperName": "SFDC_DevConsole", "MasterLabel": "SFDC_DevConsole"}
    org.store.add("TraceFlag", {
        "DebugLevelId": org.store.add("DebugLevel", level),
        "ExpirationDate": format_datetime(ends),
        "LogType": "DEVELOPER_LOG",
        "StartDate": format_datetime(ends - timedelta(minutes=30)),
        "TracedEntityId": org.admin_id,
    })  # fmt: skip


def _licenses(org: EmulatedOrg, name: str) -> int:
    """Full licences: 2 in a Developer scratch org, 5 in others.

    Source: docs/reference/users.md#new-users.
    """
    if name != "Salesforce" or org.is_hub:
        return 100
    return 2 if org.edition == "Developer" else 5


def user_license(org: EmulatedOrg, name: str, key: str, *, total: int) -> str:
    """Add a user licence; its id."""
    row = {
        "Name": name,
        "MasterLabel": name,
        "LicenseDefinitionKey": key,
        "Status": "Active",
        "TotalLicenses": total,
        "UsedLicenses": int(name == "Salesforce"),
    }
    return org.store.add("UserLicense", row)


def permission_set_license(org: EmulatedOrg, name: str, label: str = "") -> None:
    """Add a permission set licence, known by its developer name."""
    row = {
        "DeveloperName": name,
        "PermissionSetLicenseKey": name,
        "MasterLabel": label or name,
        "Status": "Active",
        "TotalLicenses": 10,
    }
    org.store.add("PermissionSetLicense", row)


def permission_set(org: EmulatedOrg, name: str, *, namespace: str | None = None) -> None:
    """Add a permission set that no deploy has brought, a standard one or one of a package."""
    row = {"Name": name, "Label": name, "IsCustom": False, "NamespacePrefix": namespace}
    org.store.add("PermissionSet", row)


def profile(org: EmulatedOrg, name: str, license_id: str | None, *, user_id: str = "") -> str:
    """Add a profile with the permission set that it owns; its id. `user_id` has created it."""
    licence = org.store.peek("UserLicense", license_id) if license_id else None
    user_type = _USER_TYPES.get(licence["LicenseDefinitionKey"] if licence else "", "Standard")
    row = {"Name": name, "UserLicenseId": license_id, "UserType": user_type}
    profile_id = org.store.add("Profile", row, user_id=user_id)
    org.store.add(
        "PermissionSet",
        {
            "Name": f"X00e{profile_id[3:15]}",
            "Label": f"00e{profile_id[3:15]}",
            "IsOwnedByProfile": True,
            "IsCustom": False,
            "Type": "Profile",
            "ProfileId": profile_id,
            "LicenseId": license_id,
        },
        user_id=user_id,
    )
    return profile_id


def integration_user(org: EmulatedOrg, username: str) -> str:
    """Add a user of the integration licence, who has no rights yet; the id."""
    [api_only] = org.store.find_by("Profile", "Name", API_ONLY)
    user_id = org.world.ids.new("005")
    names = {"FirstName": "Integration", "Alias": "integ", "CommunityNickname": "integration"}
    row = {**_admin(org, username, ""), **names, "Id": user_id, "ProfileId": api_only["Id"]}
    org.store.add("User", row)
    org.store.set_fields("UserLicense", api_only["UserLicenseId"], {"UsedLicenses": 1})
    org.world.usernames[username.lower()] = (org, user_id)
    return user_id


def _admin(org: EmulatedOrg, username: str, email: str) -> dict[str, Any]:
    profile = org.store.find_by("Profile", "Name", "System Administrator")[0]
    return {
        "Id": org.admin_id,
        "Username": username,
        "FirstName": "User",
        "LastName": "User",
        "Alias": "UUser",
        "CommunityNickname": f"User{int(org.created.timestamp() * 1_000_000)}",
        "Email": email or "admin@acme.example",
        "IsActive": True,
        "UserType": "Standard",
        "ProfileId": profile["Id"],
        "TimeZoneSidKey": "America/Los_Angeles",
        "LocaleSidKey": "en_US",
        "LanguageLocaleKey": "en_US",
        "EmailEncodingKey": "UTF-8",
    }


_COUNTRY = {"city": None, "country": "US", "geocodeAccuracy": None, "latitude": None,
            "longitude": None, "postalCode": None, "state": None, "street": None}  # fmt: skip
_NEW_ORGANIZATION = {
    "Address": _COUNTRY, "Country": "US", "DefaultAccountAccess": "Edit",
    "DefaultCalendarAccess": "HideDetailsInsert", "DefaultCampaignAccess": "All",
    "DefaultCaseAccess": "ReadEditTransfer", "DefaultContactAccess": "ControlledByParent",
    "DefaultLeadAccess": "ReadEditTransfer", "DefaultOpportunityAccess": "Edit",
    "DefaultPricebookAccess": "ReadSelect", "FiscalYearStartMonth": 1,
    "MonthlyPageViewsEntitlement": 0, "MonthlyPageViewsUsed": 0, "NumKnowledgeService": 2,
    "PreferencesConsentManagementEnabled": True, "PreferencesLightningLoginEnabled": True,
    "ReceivesAdminInfoEmails": True, "ReceivesInfoEmails": True, "SignupCountryIsoCode": "US",
    "UiSkin": "Theme3", "WebToCaseDefaultOrigin": "Web",
}  # fmt: skip
"""What CumulusCI recorded from a new scratch org."""


def _organization(org: EmulatedOrg) -> None:
    org.store.add(
        "Organization",
        {
            "Id": org.id,
            "Name": org.name,
            "OrganizationType": f"{org.edition} Edition",
            "InstanceName": org.instance,
            "IsSandbox": not org.is_hub,
            "TrialExpirationDate": format_datetime(org.expires) if org.expires else None,
            "NamespacePrefix": org.namespace,
            "LanguageLocaleKey": "en_US",
            "DefaultLocaleSidKey": "en_US",
            "TimeZoneSidKey": "America/Los_Angeles",
            "PrimaryContact": "User User",
            **_NEW_ORGANIZATION,
        },
    )


def add_entitlement_sample(org: EmulatedOrg) -> None:
    """Add the account that occurs in every new scratch org; its user has created it.

    Source: docs/reference/data.md#records-of-a-new-org.
    """
    account = {"Name": "Sample Account for Entitlements"}
    org.store.add("Account", account, user_id=org.admin_id)


def _sample_data(org: EmulatedOrg) -> None:
    for name in ("Edge Communications", "Burlington Textiles Corp of America", "sForce"):
        account = org.store.add("Account", {"Name": name})
        org.store.add("Contact", {"LastName": "Sample", "Name": "Sample", "AccountId": account})
