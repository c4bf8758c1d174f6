"""What the check of pool.yaml has read is used once; all orgs of a build share one value."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from provisioner.steps.cached_input import CachedInput


class Source:
    """A file: each read is a new value."""

    def __init__(self) -> None:
        self.reads = 0

    def read(self) -> int:
        self.reads += 1
        return self.reads


@pytest.fixture
def source() -> Source:
    return Source()


def test_the_fingerprint_after_a_check_uses_what_the_check_has_read_and_the_next_reads_again(
    source: Source,
) -> None:
    cached = CachedInput()
    assert cached.checked("a", source.read) == 1
    assert cached.fresh("a", source.read) == 1
    assert cached.fresh("a", source.read) == 2
    assert cached.checked("a", source.read) == 3
    assert cached.fresh("b", source.read) == 4, "another key"
    assert cached.fresh("a", source.read) == 5


def test_orgs_get_the_value_of_the_fingerprint(source: Source) -> None:
    cached = CachedInput()
    assert [cached.get("a", source.read) for _ in range(3)] == [1, 1, 1]
    assert cached.fresh("a", source.read) == 2
    assert cached.get("a", source.read) == 2
    assert cached.get("b", source.read) == 3, "another key"
    assert cached.get("b", source.read) == 3


def test_a_value_that_is_dropped_is_made_again(source: Source) -> None:
    cached = CachedInput()
    cached.get("a", source.read)
    cached.forget()
    assert cached.get("a", source.read) == 2


def failing() -> int:
    raise ValueError("no")


@pytest.mark.parametrize("use", [CachedInput.checked, CachedInput.fresh, CachedInput.get])
def test_a_read_that_fails_leaves_no_value(use: Callable[..., int], source: Source) -> None:
    cached = CachedInput()
    with pytest.raises(ValueError, match="no"):
        use(cached, "a", failing)
    assert cached.fresh("a", source.read) == 1


def test_a_check_that_fails_is_not_taken_for_the_one_before(source: Source) -> None:
    cached = CachedInput()
    cached.checked("a", source.read)
    with pytest.raises(ValueError, match="no"):
        cached.checked("a", failing)
    assert cached.fresh("a", source.read) == 2
