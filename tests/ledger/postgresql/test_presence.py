"""Where there is no server, its tests are skipped; where it is needed, as in CI, they fail."""

from __future__ import annotations

import pytest

from tests.ledger import postgresql_server


@pytest.mark.parametrize(
    ("needed", "outcome"), [("", pytest.skip.Exception), ("1", pytest.fail.Exception)]
)
def test_a_missing_server_is_a_failure_only_where_it_is_needed(
    monkeypatch: pytest.MonkeyPatch, needed: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setattr(postgresql_server, "binaries", lambda: None)
    monkeypatch.setenv("TESTS_NEED_POSTGRESQL", needed)

    with pytest.raises(outcome, match="NOT TESTED here"), postgresql_server.server():
        pass
