"""The types and names under which source tracking knows the components of a deploy.

Source: forcedotcom/source-tracking, which translates them and lists what an org never tracks
(src/shared/metadataKeys.ts, src/shared/remote/expectedSourceMembers.ts); for types without source
tracking METADATA_SUPPORT.md of forcedotcom/source-deploy-retrieve, made of the coverage report.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote

from provisioner.emulator.metadata.component_types import root_name
from provisioner.emulator.metadata.problems import Outcome

FILE_TYPES = {
    "AuraDefinitionBundle": "AuraDefinition",
    "LightningComponentBundle": "LightningComponentResource",
}
"""Type of a bundle → type of the rows of its files."""

_IN_PARTS = frozenset({"CustomLabels"})
"""Types of files of which only the parts are tracked."""

_NAMES = """
AIUsecaseDefinition AiAgentScorerDefinition AiEvaluationDefinition AiResponseFormat AiSurface
AiTestingDefinition CallCoachingMediaProvider ChoiceList DataObjectSearchIndexConf DocumentTemplate
FlowDefinition FunctionReference IdpConfiguration Index InstalledPackage LoyaltyProgramSetup
ManagedContentType MessagingChannel OmniDataTransform OmniExtTrackingDef OmniIntegrationProcedure
OmniInteractionAccessConfig OmniInteractionConfig OmniScript OmniTrackingGroup OmniUiCard Portal
ProcedurePlanDefinition PublicKeyCertificate PublicKeyCertificateSet SearchCustomization
SearchOrgWideObjectConfig SharingRules TransactionProcessingType
"""
_UNTRACKED_TYPES = frozenset(_NAMES.split())
"""As of 2026-08-21."""

_WITHOUT_ESCAPES = frozenset(
    {"HomePageComponent", "HomePageLayout", "Layout", "MilestoneType", "Profile"}
)
"""Types whose names have no percent escapes here."""

_UNTRACKED_AURA_FILES = tuple(
    f".{suffix}-meta.xml" for suffix in ("app", "cmp", "evt", "intf", "tokens")
)

_NEVER_TRACKED = frozenset(
    {
        ("ApexEmailNotifications", "apexEmailNotifications"),
        ("AppMenu", "Salesforce1"),
        ("AssignmentRules", "Case"),
        ("CustomTab", "standard-home"),
        ("CustomTab", "standard-mailapp"),
        ("ListView", "CollaborationGroup.All_ChatterGroups"),
        ("Profile", "Guest License User"),
        ("Profile", "Minimum Access - Salesforce"),
        ("Profile", "Salesforce API Only System Integrations"),
        ("Profile", "Standard"),
    }
)


def tracked_names(outcome: Outcome) -> Iterator[tuple[str, str]]:
    """Type and name of each row of a component: of bundles, also one for each file."""
    kind, name = outcome.component_type, outcome.full_name
    if kind in _WITHOUT_ESCAPES:
        name = unquote(name)
    if kind == "Settings":
        kind = root_name(name)  # Mobile → MobileSettings
    is_tracked = kind not in _IN_PARTS and kind not in _UNTRACKED_TYPES
    if is_tracked and (kind, name) not in _NEVER_TRACKED:
        yield kind, name
    file_type = FILE_TYPES.get(kind)
    for path in outcome.files if file_type else ():
        is_untracked = kind == "AuraDefinitionBundle" and path.endswith(_UNTRACKED_AURA_FILES)
        if file_type and not is_untracked:
            yield file_type, path.partition("/")[2]
