"""Counts of the pools, times of the steps, requests and allowances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from provisioner.report.html.markup import Markup, element
from provisioner.report.run import slower
from provisioner.report.step_times import spent

if TYPE_CHECKING:
    from provisioner.report.step_times import StepTime
    from provisioner.report.summary import PoolCount, Summary

_NUMBERS = ("p50", "p95", "earlier p50", "earlier p95")


def pool_section(summary: Summary) -> Markup:
    """A bar for each pool: available of wanted."""
    return element("ul", {"class": "pools"}, [_pool(pool) for pool in summary.pools])


def _pool(pool: PoolCount) -> Markup:
    full = min(1.0, pool.available / pool.size) if pool.size > 0 else 1.0
    message = f"{pool.available} of {pool.size} available"
    return element(
        "li",
        None,
        element("span", {"class": "name"}, pool.name),
        element(
            "svg",
            {"width": "100%", "height": "10", "role": "img", "aria-label": message},
            element("rect", {"class": "missing", "width": "100%", "height": "10"}),
            element("rect", {"class": "there", "width": f"{100 * full:.1f}%", "height": "10"}),
        ),
        element("span", None, message),
    )


def time_section(times: Sequence[StepTime]) -> Markup:
    """How long the steps took, in this run and in earlier ones; empty if it is not known."""
    if not times:
        return Markup("")
    head = [element("th", {"scope": "col"}, name) for name in ("pool", "step")]
    head += [element("th", {"scope": "col", "class": "number"}, name) for name in _NUMBERS]
    rows = [_time(time) for time in times]
    table = element(
        "table",
        None,
        element("thead", None, element("tr", None, head, element("td"))),
        element("tbody", None, rows),
    )
    wide = {"class": "wide", "tabindex": "0", "role": "region", "aria-label": "Time for each step"}
    return element(
        "section",
        {"id": "times"},
        element("h2", None, "Time for each step"),
        element("div", wide, table),
    )


def _time(time: StepTime) -> Markup:
    past = time.past
    earlier = (spent(past.p50), spent(past.p95)) if past else ("", "")
    numbers = (spent(time.now.p50), spent(time.now.p95), *earlier)
    mark = slower(time.now, past) if past and time.is_slower else ""
    return element(
        "tr",
        None,
        element("td", None, time.pool),
        element("th", {"scope": "row"}, time.step),
        [element("td", {"class": "number"}, number) for number in numbers],
        element("td", {"class": "slower"}, mark),
    )


def request_section(summary: Summary) -> Markup:
    """Requests that were sent, and sign-ups that the Dev Hub had left."""
    facts = [
        ("Requests to the Dev Hub", summary.api_calls.get("hub")),
        ("Requests to scratch orgs", summary.api_calls.get("org")),
        ("Sign-ups left today, at the start", summary.allowance.get("daily")),
        ("Active orgs left, at the start", summary.allowance.get("active")),
    ]
    tiles = [
        element("div", None, element("dt", None, name), element("dd", None, f"{count:,}"))
        for name, count in facts
        if count is not None
    ]
    if not tiles:
        return Markup("")
    title = element("h2", None, "Requests and allowances")
    return element("section", {"id": "requests"}, title, element("dl", {"class": "tiles"}, tiles))
