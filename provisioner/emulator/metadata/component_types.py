"""The folder and suffix of each metadata type: the table, and how to search it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class ComponentType:
    """One metadata type as `describeMetadata` lists it."""

    name: str
    folder: str
    suffix: str  # "" for bundles
    kind: str  # file, content (body beside a -meta.xml), bundle, folder, site, model
    is_in_folder: bool = False

    @property
    def has_content(self) -> bool:
        """Whether a component is a content file with a `-meta.xml` beside it."""
        return self.kind == "content"


CHILD_ELEMENTS: Mapping[str, Mapping[str, str]] = {
    "CustomObject": {
        "businessProcesses": "BusinessProcess",
        "compactLayouts": "CompactLayout",
        "fields": "CustomField",
        "fieldSets": "FieldSet",
        "indexes": "Index",
        "listViews": "ListView",
        "recordTypes": "RecordType",
        "sharingReasons": "SharingReason",
        "validationRules": "ValidationRule",
        "webLinks": "WebLink",
    },
    "CustomLabels": {"labels": "CustomLabel"},
    "Workflow": {
        "alerts": "WorkflowAlert",
        "fieldUpdates": "WorkflowFieldUpdate",
        "flowActions": "WorkflowFlowAction",
        "knowledgePublishes": "WorkflowKnowledgePublish",
        "outboundMessages": "WorkflowOutboundMessage",
        "rules": "WorkflowRule",
        "send": "WorkflowSend",
        "tasks": "WorkflowTask",
    },
    "SharingRules": {
        "sharingCriteriaRules": "SharingCriteriaRule",
        "sharingGuestRules": "SharingGuestRule",
        "sharingOwnerRules": "SharingOwnerRule",
        "sharingTerritoryRules": "SharingTerritoryRule",
    },
    "MatchingRules": {"matchingRules": "MatchingRule"},
    "AssignmentRules": {"assignmentRule": "AssignmentRule"},
    "AutoResponseRules": {"autoResponseRule": "AutoResponseRule"},
    "EscalationRules": {"escalationRule": "EscalationRule"},
    "Bot": {"botVersions": "BotVersion"},
    "ManagedTopics": {"managedTopic": "ManagedTopic"},
}
"""Parent type → element → child type: children that package.xml may name by themselves."""

NAMED_BY_THEMSELVES = frozenset({"CustomLabel"})
"""Child types whose full name does not begin with the parent's."""

CHILD_TYPES = {
    child: parent for parent, kinds in CHILD_ELEMENTS.items() for child in kinds.values()
}

FOLDER_MEMBERS = {
    "DashboardFolder": "Dashboard",
    "DocumentFolder": "Document",
    "EmailFolder": "EmailTemplate",
    "ReportFolder": "Report",
}
"""Folder type → the type under which package.xml names the folder."""

_FOLDER_TYPES = {member: folder_type for folder_type, member in FOLDER_MEMBERS.items()}


def root_name(settings_name: str) -> str:
    """The root element of a settings file: `Language` → `LanguageSettings`."""
    return settings_name if "Setting" in settings_name else f"{settings_name}Settings"


def reported_type(component_type: str, file_name: str) -> str:
    """The type of a component in answers: a folder has its own type there.

    Source: the tests "metadata types that go in folders" of plugin-deploy-retrieve.
    """
    stem = file_name.rpartition("/")[2].removesuffix("-meta.xml")
    return component_type if "." in stem else _FOLDER_TYPES.get(component_type, component_type)


TRACKED_PARTS = {"CustomLabels": "CustomLabel", "DigitalExperienceBundle": "DigitalExperience"}
"""Types whose parts are deleted with them, and the type of their parts."""

NEVER_IN_FILES = frozenset({"DigitalExperience", "StandardValue", "CustomFieldTranslation"})
"""Types that package.xml may name although the table has no file for them."""


@cache
def all_types() -> tuple[ComponentType, ...]:
    """Every type of the table, by folder."""
    text = files(__package__).joinpath("component_types.txt").read_text(encoding="utf-8")
    return tuple(_read(line) for line in text.splitlines() if not line.startswith("#"))


def _read(line: str) -> ComponentType:
    folder, suffix, name, *kinds = line.split()
    parts = kinds[0].split("+") if kinds else ["file"]
    return ComponentType(
        name, folder, "" if suffix == "-" else suffix, parts[-1], parts[0] == "in-folder"
    )


@cache
def _by_folder() -> dict[str, tuple[ComponentType, ...]]:
    found: dict[str, list[ComponentType]] = {}
    for kind in all_types():
        found.setdefault(kind.folder, []).append(kind)
    return {folder: tuple(kinds) for folder, kinds in found.items()}


def types_in_folder(folder: str) -> tuple[ComponentType, ...]:
    """The types whose files are in this top folder; empty for an unknown one."""
    return _by_folder().get(folder, ())


@cache
def type_names() -> frozenset[str]:
    """All names that package.xml may use, children included."""
    own = frozenset(kind.name for kind in all_types())
    return own | frozenset(CHILD_TYPES) | NEVER_IN_FILES


def find_type(name: str) -> ComponentType | None:
    """The type of this name; None for children and unknown ones."""
    return next((kind for kind in all_types() if kind.name == name), None)
