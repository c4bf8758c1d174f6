"""What the live view shows in terminals of different sizes."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import datetime

import pytest
from rich.cells import cell_len

from provisioner.builder.causes import Cause
from provisioner.builder.overview import OrgOverview, Overview, PoolOverview
from provisioner.report.drawing import Drawing
from provisioner.report.live_frame import frame
from provisioner.report.overview_text import overview_text

NOW = datetime(2026, 11, 28, 3, 12)


def overview(orgs: int, *, causes: int = 0, pools: int = 2) -> Overview:
    """A build in which so many orgs are in progress."""
    return Overview(
        seconds=754,
        pools=tuple(
            PoolOverview(f"pool-{number}", 100, 40, orgs // pools, {"a sign-up slot": 7}, causes)
            for number in range(pools)
        ),
        orgs=tuple(
            OrgOverview(
                f"pool-{number % pools}-{number:010}@acme.example",
                f"pool-{number % pools}",
                "deploy_source",
                3,
                6,
                "",
                65,
                400,
            )
            for number in range(orgs)
        ),
        causes=tuple(
            Cause("run_apex", f"line {number} fails", 2, location="pool.yaml:31")
            for number in range(causes)
        ),
        requests={"hub": 41, "org": 3051},
        sign_ups_left=31,
        available_in={"pool-0": [60.0, 1740.0], "pool-1": []},
    )


def lines(shown: Overview, width: int, height: int) -> list[str]:
    return [line.plain for line in frame(shown, width, height, NOW)]


def test_a_view_of_80_by_24_with_200_orgs_and_two_pools() -> None:
    found = lines(overview(200, causes=2), 79, 23)
    assert found[:5] == [
        "pool-0  ███·····  40 of 100  100 in progress  2 failed  7 waiting for a sign-u…",
        "pool-1  ███·····  40 of 100  100 in progress  2 failed  7 waiting for a sign-u…",
        "steps  deploy_source 200",
        "✗ 2 orgs failed at run_apex (pool.yaml:31): line 0 fails",
        "✗ 2 orgs failed at run_apex (pool.yaml:31): line 1 fails",
    ]
    assert found[5] == (
        "pool-0-0000000000@acme.example  deploy_source (3/6)                        1:05"
    )
    assert found[-2:] == [
        "… and 184 more in progress",
        "12:34 · ends about 03:41 · 31 sign-ups left today · 41 Dev Hub requests",
    ]


def test_a_wide_terminal_has_columns_and_words() -> None:
    found = lines(overview(200), 199, 49)
    assert found[0].endswith("40 of 100 available  100 in progress  7 waiting for a sign-up slot")
    assert found[3].count("@acme.example") == 3
    assert found[-2] == "… and 68 more in progress"


@pytest.mark.parametrize("width", [1, 20, 79, 119, 199])
@pytest.mark.parametrize("height", [1, 2, 3, 5, 23, 49])
@pytest.mark.parametrize(("orgs", "causes", "pools"), [(0, 0, 1), (3, 9, 2), (1000, 5, 40)])
def test_no_line_is_wider_and_no_view_higher_than_the_terminal(
    width: int, height: int, orgs: int, causes: int, pools: int
) -> None:
    found = lines(overview(orgs, causes=causes, pools=pools), width, height)
    assert 0 < len(found) <= height
    assert max(map(cell_len, found)) <= width


def test_an_unknown_end_and_unknown_limits_are_left_out() -> None:
    unknown = replace(overview(1), available_in=None, sign_ups_left=None)
    assert lines(unknown, 79, 23)[-1] == "12:34 · 41 Dev Hub requests"
    assert overview_text(unknown, NOW).count(";") == 1


def test_a_line_of_a_log_has_all_pools_and_the_expected_end() -> None:
    assert overview_text(overview(2), NOW) == (
        "pool-0: 40 of 100 available, 1 in progress, 7 waiting for a sign-up slot; "
        "pool-1: 40 of 100 available, 1 in progress, 7 waiting for a sign-up slot; "
        "expected end 03:41"
    )


def test_what_a_narrower_terminal_has_wrapped_is_erased_as_well() -> None:
    """Ten characters in a terminal of four columns are three rows: two rows up."""
    stream, columns = io.StringIO(), [20]
    drawing = Drawing(stream, lambda: columns[0])
    drawing.draw([("0123456789", 10)])
    columns[0] = 4
    drawing.draw([("new", 3)])
    assert stream.getvalue() == "\x1b[?25l0123456789\r\x1b[2A\x1b[Jnew"
    drawing.close()
    assert stream.getvalue().endswith("new\r\x1b[J\x1b[?25h")
