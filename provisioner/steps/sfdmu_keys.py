"""The keys of SFDMU's export.json: those that are followed, ignored, and refused.

Source: docs/reference/data.md#sfdmu. A key that is refused is accepted with a value that turns it
off (`false`, `[]`, `""`), as SFDMU's own editor writes it.
"""

from __future__ import annotations

SCRIPT = frozenset({"objects", "keepObjectOrderWhileExecute", "csvInsertNulls"})
"""Keys of the file that are followed."""

OBJECT = frozenset(
    {
        "query",
        "operation",
        "externalId",
        "excluded",
        "excludedFields",
        "excludedFromUpdateFields",
        "skipExistingRecords",
        "master",
    }
)
"""Keys of an object that are followed."""

IGNORED_OF_SCRIPT = frozenset(
    {
        "$schema",
        "allOrNone",
        "alwaysUseRestApiToUpdateRecords",
        "apiVersion",
        "binaryDataCache",
        "bulkApiV1BatchSize",
        "bulkApiVersion",
        "bulkThreshold",
        "concurrencyMode",
        "createTargetCSVFiles",
        "csvAlwaysQuoted",
        "csvFileDelimiter",
        "csvReadFileDelimiter",
        "csvUseUtf8Bom",
        "csvWriteFileDelimiter",
        "csvWriteUpperCaseHeaders",
        "excludeIdsFromCSVFiles",
        "importCSVFilesAsIs",
        "orgs",
        "parallelBinaryDownloads",
        "parallelBulkJobs",
        "parallelRestJobs",
        "pollingIntervalMs",
        "pollingQueryTimeoutMs",
        "promptOnIssuesInCSVFiles",
        "promptOnMissingParentObjects",
        "proxyUrl",
        "queryBulkApiThreshold",
        "restApiBatchSize",
        "sourceRecordsCache",
    }
)
"""Keys about speed, prompts, reports, the source org, and formats that are detected."""

IGNORED_OF_OBJECT = frozenset(
    {
        "alwaysUseBulkApi",
        "alwaysUseBulkApiToUpdateRecords",
        "alwaysUseRestApi",
        "bulkApiV1BatchSize",
        "deleteQuery",
        "excludedFromInClauseFields",
        "includedInClauseFields",
        "name",
        "parallelBulkJobs",
        "parallelRestJobs",
        "queryAllTarget",
        "respectOrderByOnDeleteRecords",
        "restApiBatchSize",
        "skipRecordsComparison",
        "targetFullQueryRecordsThreshold",
        "useQueryAll",
        "useSourceCSVFile",
    }
)

OPERATIONS = {"insert": "Insert", "update": "Update", "upsert": "Upsert", "readonly": "Readonly"}
"""SFDMU has also Delete, DeleteSource, DeleteHierarchy and HardDelete."""

DEFAULT_KEYS = {
    "EmailMessage": "Subject",
    "RecordType": "DeveloperName;NamespacePrefix;SobjectType",
}
"""`externalId` where it is absent; of any other object: Name."""

NOT_LOADED = frozenset({"Attachment", "ContentDocument", "ContentDocumentLink", "ContentVersion",
                        "Group", "Note", "Profile", "User"})  # fmt: skip
"""Objects that SFDMU does not load, or by an add-on."""
