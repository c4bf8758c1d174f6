"""`/limits`: limits of the org; on a Dev Hub also those of its scratch orgs.

Source: docs/reference/dev-hub.md#rights.
"""

from __future__ import annotations

from provisioner.emulator.resources.signup import active_count, daily_count
from provisioner.emulator.routing import Call, Reply, route

_FIXED = {
    "AnalyticsExternalDataSizeMB": 40960,
    "ConcurrentAsyncGetReportInstances": 200,
    "ConcurrentSyncReportRuns": 20,
    "DailyAnalyticsDataflowJobExecutions": 60,
    "DailyAsyncApexExecutions": 250000,
    "DailyBulkApiBatches": 15000,
    "DailyBulkV2QueryFileStorageMB": 976562,
    "DailyBulkV2QueryJobs": 10000,
    "DailyDurableStreamingApiEvents": 10000,
    "DailyGenericStreamingApiEvents": 10000,
    "DailyWorkflowEmails": 1000,
    "DataStorageMB": 200,
    "FileStorageMB": 50,
    "HourlyODataCallout": 1000,
    "HourlyPublishedPlatformEvents": 50000,
    "HourlySyncReportRuns": 500,
    "HourlyTimeBasedWorkflow": 50,
    "MassEmail": 10,
    "Package2VersionCreates": 6,
    "Package2VersionCreatesWithoutValidation": 500,
    "PermissionSets": 1500,
    "SingleEmail": 15,
    "StreamingApiConcurrentClients": 20,
}
_OF_HUBS = {"ActiveScratchOrgSnapshots": 40, "DailyScratchOrgSnapshots": 80}


@route("/services/data/v<version>/limits", name="limits")
def limits(call: Call) -> Reply:
    """`{name: {Max, Remaining}}`; those of scratch orgs only on a Dev Hub."""
    world, org = call.world, call.session_org()
    used = {
        "DailyApiRequests": (world.limits.api, org.api_requests),
        **{name: (maximum, 0) for name, maximum in _FIXED.items()},
    }
    if org.is_hub and "ScratchOrgInfo" in org.store.types:
        used["ActiveScratchOrgs"] = (world.limits.active, active_count(org))
        used["DailyScratchOrgs"] = (world.limits.daily, daily_count(org))
        used |= {name: (maximum, 0) for name, maximum in _OF_HUBS.items()}
    return Reply(
        {
            name: {"Max": maximum, "Remaining": max(maximum - spent, 0)}
            for name, (maximum, spent) in sorted(used.items())
        }
    )
