"""Projects with manifests of deletions at their root, given along with the conversion."""

from __future__ import annotations

from collections.abc import Mapping

from tests.source.projects import NAMESPACE, Covering, D, apex, below, field_file, object_file

BEFORE, AFTER = "destructiveChangesPre.xml", "destructiveChangesPost.xml"


def manifest(types: Mapping[str, tuple[str, ...]], version: str = "") -> str:
    """A manifest as people write it."""
    entries = ""
    for name, members in types.items():
        listed = "".join(f"<members>{member}</members>" for member in members)
        entries += f"  <types>{listed}<name>{name}</name></types>\n"
    version = f"  <version>{version}</version>\n" if version else ""
    return f'<?xml version="1.0"?>\n<Package xmlns="{NAMESPACE}">\n{entries}{version}</Package>\n'


_KINDS = {
    "ApexClass": ("Old", "Älter", "B C"),
    "CustomField": ("Account.F__c", "X__c.G__c"),
    "CustomObject": ("Gone__c",),
    "CustomLabel": ("L",),
    "Report": ("F/R", "F"),
    "Layout": ("Account-Old %28x%29",),
    "LightningComponentBundle": ("old",),
    "WorkflowRule": ("Account.Rule",),
    "CustomMetadata": ("K.R",),
}

DELETED: Mapping[str, Covering] = {
    "deletes-before": Covering({**apex("Kept"), BEFORE: manifest(_KINDS, "60.0")}),
    "deletes-after-without-version": Covering({**apex("Kept"), AFTER: manifest(_KINDS)}),
    "deletes-before-and-after": Covering(
        {
            **apex("Kept"),
            BEFORE: manifest({"ApexClass": ("A", "B")}),
            AFTER: manifest({"ApexTrigger": ("T",), "ApexClass": ("C",)}),
        }
    ),
    "deletes-what-is-listed-twice": Covering(
        {**apex("Kept"), AFTER: manifest({"ApexClass": ("B", "A", "B")})}
    ),
    "deletes-a-field-of-an-object-that-stays": Covering(
        {
            **below(
                D,
                {
                    "objects/X__c/X__c.object-meta.xml": object_file(),
                    "objects/X__c/fields/F__c.field-meta.xml": field_file("F__c"),
                },
            ),
            AFTER: manifest({"CustomField": ("X__c.G__c",)}),
        }
    ),
    "deletes-folders": Covering(
        {
            **apex("Kept"),
            AFTER: manifest(
                {
                    "Report": ("F/", "G", "G/H", "G/H/R", "I/J"),
                    "Dashboard": ("F", "F/D"),
                    "EmailTemplate": ("F", "F/", "F/T"),
                    "Document": ("F", "F/D.txt"),
                    "Territory2": ("M.T",),
                    "Territory2Model": ("M",),
                    "ReportFolder": ("K",),
                }
            ),
        }
    ),
    "deletes-and-brings-nothing": Covering(
        {"force-app/": "", AFTER: manifest({"ApexClass": ("A",)})}
    ),
}
