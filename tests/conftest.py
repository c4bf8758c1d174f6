"""What holds for all tests: the same examples by chance in each run, nothing of the machine's."""

from __future__ import annotations

import gc
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parent
SLOW_FOLDERS = tuple(f"{ROOT / name}/" for name in ("proof", "ledger/postgresql", "ledger/devhub"))

for name, is_fixed in (("tests", True), ("random", False)):  # scripts/test-random takes the latter
    settings.register_profile(
        name, deadline=None, derandomize=is_fixed, suppress_health_check=[HealthCheck.too_slow]
    )
settings.load_profile("tests")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole folders of slow tests; elsewhere a module says it of itself by `pytestmark`."""
    for item in items:
        if str(item.path).startswith(SLOW_FOLDERS):
            item.add_marker(pytest.mark.slow)


def pytest_collection_finish() -> None:
    """The tests themselves stay until the end: the garbage collector need not visit them again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def no_outside_settings() -> Iterator[None]:
    """No proxy, CA or passphrase of the machine that the tests run on."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
            patch.delenv(name, raising=False)
            patch.delenv(name.lower(), raising=False)
        for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "SF_PRIVATE_KEY_PASSPHRASE"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session", autouse=True)
def no_ignored_signals() -> None:
    """Under `nohup` or `&` signals are ignored, and each program that a test starts inherits it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            is_interrupt = number == signal.SIGINT
            signal.signal(number, signal.default_int_handler if is_interrupt else signal.SIG_DFL)
