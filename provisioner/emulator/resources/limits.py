"""`/limits`: limits of the org; on a Dev Hub also those of its scratch orgs.

Source: docs/reference/dev-hub.md#rights.
"""

from __future__ import annotations

from provisioner.emulator.errors import ApiError
from provisioner.emulator.objects import permissions
from provisioner.emulator.resources import snapshots
from provisioner.emulator.resources.signup import active_count, daily_count
from provisioner.emulator.routing import Call, Reply, route

_FIXED = {
    "AnalyticsExternalDataSizeMB": 40960,
    "CdpAiInferenceApiMonthlyLimit": 500000000,
    "ConcurrentAsyncGetReportInstances": 200,
    "ConcurrentEinsteinDataInsightsStoryCreation": 5,
    "ConcurrentEinsteinDiscoveryStoryCreation": 2,
    "ConcurrentSyncReportRuns": 20,
    "ContentDistBandwidthLimitMB": 51200,
    "ContentDistViewLimit": 50000,
    "ContentPublicationLimit": 2500,
    "DailyAnalyticsDataflowJobExecutions": 60,
    "DailyAnalyticsUploadedFilesSizeMB": 51200,
    "DailyApexCursorLimit": 10000,
    "DailyApexCursorRowsLimit": 100000000,
    "DailyApexPCursorLimit": 200000,
    "DailyAsyncApexExecutions": 250000,
    "DailyAsyncApexTests": 500,
    "DailyBulkApiBatches": 15000,
    "DailyBulkV2QueryFileStorageMB": 976562,
    "DailyBulkV2QueryJobs": 10000,
    "DailyDeliveredPlatformEvents": 10000,
    "DailyDurableGenericStreamingApiEvents": 10000,
    "DailyDurableStreamingApiEvents": 10000,
    "DailyEinsteinDataInsightsStoryCreation": 1000,
    "DailyEinsteinDiscoveryOptimizationJobRuns": 25,
    "DailyEinsteinDiscoveryPredictAPICalls": 50000,
    "DailyEinsteinDiscoveryPredictionsByCDC": 500000,
    "DailyEinsteinDiscoveryStoryCreation": 100,
    "DailyFunctionsApiCallLimit": 50000,
    "DailyGenericStreamingApiEvents": 10000,
    "DailyMetadataRetrievesWithDependencies": 25,
    "DailyServiceEmailAgentforceCalls": 5000,
    "DailyStandardVolumePlatformEvents": 10000,
    "DailyStreamingApiEvents": 10000,
    "DailyWorkflowEmails": 1000,
    "DataStorageMB": 200,
    "DurableStreamingApiConcurrentClients": 20,
    "ExternalServicesActiveObjects": 3000,
    "ExternalServicesActiveOperations": 3000,
    "ExternalServicesObjectProperties": 400000,
    "ExternalServicesObjects": 10000,
    "ExternalServicesOperations": 10000,
    "ExternalServicesRegistrations": 700,
    "FileStorageMB": 50,
    "HourlyAsyncReportRuns": 1200,
    "HourlyDashboardRefreshes": 200,
    "HourlyDashboardResults": 5000,
    "HourlyDashboardStatuses": 999999999,
    "HourlyElevateAsyncReportRuns": 1200,
    "HourlyElevateSyncReportRuns": 500,
    "HourlyLongTermIdMapping": 100000,
    "HourlyManagedContentPublicRequests": 50000,
    "HourlyODataCallout": 1000,
    "HourlyPublishedPlatformEvents": 50000,
    "HourlyPublishedStandardVolumePlatformEvents": 1000,
    "HourlyShortTermIdMapping": 100000,
    "HourlySyncReportRuns": 500,
    "HourlyTimeBasedWorkflow": 50,
    "MassEmail": 10,
    "MaxContentDocumentsLimit": 30000000,
    "MonthlyEinsteinDiscoveryStoryCreation": 500,
    "Package2VersionCreates": 6,
    "Package2VersionCreatesWithoutValidation": 500,
    "PermissionSets": 1500,
    "PlatformEventTriggersWithParallelProcessing": 5,
    "PrivateConnectOutboundCalloutHourlyLimitMB": 0,
    "PublishCallbackUsageInApex": 5242880,
    "ScheduledFlowRunLimit": 250000,
    "ScheduledPathRunLimit": 250000,
    "SingleEmail": 15,
    "StreamingApiConcurrentClients": 20,
}
"""Names as NangoHQ/integration-templates recorded them for a Developer Edition."""


@route("/services/data/v<version>/limits", name="limits")
def limits(call: Call) -> Reply:
    """`{name: {Max, Remaining}}`; those of scratch orgs only on a Dev Hub.

    The refusal of a user without "View Setup and Configuration" is not known.
    """
    world, org = call.world, call.session_org()
    is_limited = not permissions.is_administrator(org.store, call.user_id)
    if is_limited and world.behavior.limits_readable == "no":
        text = "insufficient access rights on cross-reference id"
        raise ApiError(403, "INSUFFICIENT_ACCESS", text)
    used = {
        "DailyApiRequests": (world.limits.api, org.api_requests),
        **{name: (maximum, 0) for name, maximum in _FIXED.items()},
    }
    if org.is_hub and "ScratchOrgInfo" in org.store.types:
        used["ActiveScratchOrgs"] = (world.limits.active, active_count(org))
        used["DailyScratchOrgs"] = (world.limits.daily, daily_count(org))
    if org.is_hub and snapshots.NAME in org.store.types:
        active, daily = world.limits.snapshots
        used["ActiveOrgSnapshots"] = (active, snapshots.active_count(org))
        used["DailyOrgSnapshots"] = (daily, snapshots.daily_count(org))
    found: dict[str, dict[str, object]] = {
        name: {"Max": maximum, "Remaining": max(maximum - spent, 0)}
        for name, (maximum, spent) in sorted(used.items())
    }
    found["PermissionSets"]["CreateCustom"] = {"Max": 1000, "Remaining": 1000}
    return Reply(found)
