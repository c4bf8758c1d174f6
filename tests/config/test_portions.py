"""A part of a pool, as people write it."""

from __future__ import annotations

import pytest

from provisioner.config.model import Pool
from provisioner.config.portion import parse_portion
from tests.config.project import HUB, POOL, Project


@pytest.mark.parametrize(
    ("text", "size", "orgs"),
    [
        ("2", 10, 2),
        ("20%", 10, 2),
        ("10%", 19, 1),
        ("10%", 3, 1),
        ("100%", 7, 7),
        ("1%", 0, 1),
        ("5", 3, 5),
    ],
)
def test_a_portion_is_a_number_or_a_share_rounded_down_to_at_least_one(
    text: str, size: int, orgs: int
) -> None:
    assert parse_portion(text).of(size) == orgs
    assert str(parse_portion(text)) == text


@pytest.mark.parametrize("text", ["", "0", "-1", "01", "1.5", "0%", "101%", "10 %", "%", "1e3"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be a number of orgs like 2"):
        parse_portion(text)


@pytest.mark.parametrize(("written", "orgs"), [("3", 3), ("20%", 10), ("'9%'", 4), ("${SWAP}", 4)])
def test_pool_yaml_accepts_a_portion_as_a_number_or_as_text(
    project: Project, written: str, orgs: int
) -> None:
    project.environ["SWAP"] = "4"
    pool = project.load(f"{HUB}{POOL}    swap: {written}\n").pools["morning"]
    assert pool.swap.of(50) == orgs


def test_by_default_a_tenth_of_the_pool_is_replaced_at_a_time(project: Project) -> None:
    pool: Pool = project.load(HUB + POOL).pools["morning"]
    assert str(pool.swap) == "10%"
