"""`/limits`: limits of the org; on a Dev Hub also those of its scratch orgs.

Source: docs/reference/dev-hub.md#rights.
"""

from __future__ import annotations

from provisioner.emulator.resources.signup import active_count, daily_count
from provisioner.emulator.routing import Call, Reply, route

_FIXED = {
    "ActiveScratchOrgSnapshots": 40,
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
    "DailyScratchOrgSnapshots": 80,
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


@route("/services/data/v<version>/limits", name="limits")
def limits(call: Call) -> Reply:
    """`{name: {Max, Remaining}}`. The scratch org keys are also there if the org is not a Dev Hub.

    Source: docs/reference/dev-hub.md#rights.
    """
    world, org = call.world, call.session_org()
    active = daily = 0
    if org.is_hub and "ScratchOrgInfo" in org.store.types:
        active, daily = active_count(org), daily_count(org)
    used = {
        "ActiveScratchOrgs": (world.limits.active, active),
        "DailyScratchOrgs": (world.limits.daily, daily),
        "DailyApiRequests": (world.limits.api, org.api_requests),
        **{name: (maximum, 0) for name, maximum in _FIXED.items()},
    }
    return Reply(
        {
            name: {"Max": maximum, "Remaining": max(maximum - spent, 0)}
            for name, (maximum, spent) in sorted(used.items())
        }
    )
