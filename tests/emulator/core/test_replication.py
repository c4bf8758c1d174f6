"""`/updated` and `/deleted` name the records that were changed or deleted in a time span."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from provisioner.emulator.objects.values import format_datetime
from tests.emulator.core.conftest import Client

DATES = "INVALID_REPLICATION_DATE"
DAY = 24 * 60


def at(client: Client, minutes: float) -> datetime:
    """A moment so many minutes from now."""
    return client.world.now() + timedelta(minutes=minutes)


def span(client: Client, start: float, end: float) -> dict[str, str]:
    """The parameters of a time span, in minutes from now."""
    return {"start": at(client, start).isoformat(), "end": at(client, end).isoformat()}


def minute(moment: datetime) -> str:
    """A moment in the format of answers, without its seconds."""
    return format_datetime(moment.replace(second=0, microsecond=0))


def updated(client: Client, start: float, end: float, type_name: str = "Account") -> list[str]:
    reply = client.call("GET", f"sobjects/{type_name}/updated", params=span(client, start, end))
    assert reply.status_code == 200, reply.text
    return list(reply.json()["ids"])


def deleted(client: Client, start: float, end: float) -> list[str]:
    reply = client.call("GET", "sobjects/Account/deleted/", params=span(client, start, end))
    assert reply.status_code == 200, reply.text
    return [one["id"] for one in reply.json()["deletedRecords"]]


def test_created_and_changed_records_are_updated(scratch: Client) -> None:
    scratch.world.clock.advance(3600)
    changed, kept = (scratch.create("Account", Name=name) for name in "ab")
    assert set(updated(scratch, -5, 5)) == {changed, kept}
    scratch.world.clock.advance(600)
    assert updated(scratch, -5, 5) == []
    scratch.call("PATCH", f"sobjects/Account/{changed}", json={"Name": "c"})
    assert updated(scratch, -5, 5) == [changed]
    assert updated(scratch, -15, -5) == [kept]
    assert updated(scratch, -5, 5, "Contact") == []


def test_deleted_records_are_named_with_the_time_of_their_deletion(scratch: Client) -> None:
    scratch.world.clock.advance(3600)
    gone, kept = (scratch.create("Account", Name=name) for name in "ab")
    scratch.world.clock.advance(600)
    moment = scratch.world.now().replace(microsecond=0)
    scratch.call("DELETE", f"sobjects/Account/{gone}")
    scratch.world.clock.advance(600)
    reply = scratch.call("GET", "sobjects/Account/deleted", params=span(scratch, -15, 5))
    assert reply.json()["deletedRecords"] == [{"deletedDate": format_datetime(moment), "id": gone}]
    assert deleted(scratch, -30, -15) == []
    assert updated(scratch, -30, 5) == [kept]


def test_seconds_are_ignored_and_the_next_span_begins_where_the_last_one_ended(
    scratch: Client,
) -> None:
    scratch.world.clock.advance(3600)
    scratch.world.clock.advance(60 - scratch.world.now().second + 30)  # the middle of a minute
    account = scratch.create("Account", Name="a")
    scratch.world.clock.advance(10)
    assert updated(scratch, -5, 0) == []
    assert updated(scratch, 0, 1) == [account]


def test_the_answers_name_the_dates_that_they_cover(hub: Client) -> None:
    past, future = span(hub, -10, -5), span(hub, -10, 5)
    now, path = hub.world.now(), "sobjects/Account"
    reply = hub.call("GET", f"{path}/updated", params=past).json()
    assert reply == {"ids": [], "latestDateCovered": minute(at(hub, -5))}
    reply = hub.call("GET", f"{path}/updated", params=future).json()
    assert reply["latestDateCovered"] == minute(now)
    assert hub.call("GET", f"{path}/deleted", params=future).json() == {
        "deletedRecords": [],
        "earliestDateAvailable": minute(now - timedelta(days=15)),
        "latestDateCovered": minute(now),
    }


def test_deletions_are_known_for_fifteen_days(hub: Client) -> None:
    account = hub.create("Account", Name="a")
    hub.call("DELETE", f"sobjects/Account/{account}")
    hub.world.clock.advance(14 * DAY * 60)
    hub.login()
    assert deleted(hub, -20 * DAY, 5) == [account]
    hub.world.clock.advance(2 * DAY * 60)
    hub.login()
    assert deleted(hub, -20 * DAY, 5) == []


@pytest.mark.parametrize("resource", ["updated", "deleted"])
@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        (-5, -5, "startDate must be at least one minute greater than endDate"),
        (-5, -6, "startDate must be at least one minute greater than endDate"),
        (-30 * DAY - 1, 0, "startDate cannot be more than 30 days ago"),
    ],
)
def test_spans_that_are_refused(
    hub: Client, resource: str, start: float, end: float, text: str
) -> None:
    reply = hub.call("GET", f"sobjects/Account/{resource}", params=span(hub, start, end))
    assert hub.refusal(reply) == (400, DATES, text)


def test_a_span_of_thirty_days_is_allowed(hub: Client) -> None:
    assert updated(hub, -30 * DAY, 0) == []


def test_a_span_begins_when_the_org_exists(scratch: Client) -> None:
    org = next(one for one in scratch.world.orgs.values() if not one.is_hub)
    scratch.world.clock.advance(600)
    before = (org.created - scratch.world.now()).total_seconds() / 60 - 1
    reply = scratch.call("GET", "sobjects/Account/updated", params=span(scratch, before, 5))
    text = "startDate before org replication enabled date"
    assert scratch.refusal(reply) == (400, DATES, text)
    assert updated(scratch, before + 1, 5)


@pytest.mark.parametrize("text", ["2026-11-01", "yesterday", "2026-13-01T00:00:00Z", ""])
@pytest.mark.parametrize("name", ["start", "end"])
def test_dates_need_a_time_and_an_offset(hub: Client, name: str, text: str) -> None:
    params = {**span(hub, -5, 0), name: text}
    reply = hub.call("GET", "sobjects/Account/updated", params=params)
    assert hub.refusal(reply) == (400, DATES, f"{name} date is not in the correct format")


def test_a_plus_that_is_not_encoded_is_a_space(hub: Client) -> None:
    reply = hub.call("GET", "sobjects/Account/updated?start=2026-11-01T00:00:00+00:00&end=x")
    assert hub.refusal(reply)[2] == "start date is not in the correct format"


def test_an_unknown_object_and_a_span_without_an_end_are_refused(hub: Client) -> None:
    reply = hub.call("GET", "sobjects/Nonsense__c/deleted", params=span(hub, -5, 0))
    assert hub.refusal(reply)[:2] == (404, "NOT_FOUND")
    start = {"start": span(hub, -5, 0)["start"]}
    assert hub.call("GET", "sobjects/Account/deleted", params=start).status_code == 501
