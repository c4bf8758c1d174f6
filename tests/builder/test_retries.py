"""How many requests a call costs that is never answered: retries add up, and do not multiply."""

from __future__ import annotations

from collections import Counter

import pytest

from provisioner.errors import LoginError, SalesforceError
from provisioner.retry import BUILD_START, CALL, STEP
from tests.builder.night import Night

pytestmark = pytest.mark.slow

BUSY = {"do": "answer", "status": 503}


def sent(night: Night, route: str) -> Counter[str]:
    """Requests of a route that were answered with 503, by org."""
    entries = night.world.log.entries()
    return Counter(one.org for one in entries if one.route == route and one.status == 503)


def test_a_query_of_a_build_to_a_dev_hub_that_is_out_of_order(night: Night) -> None:
    """A few at once, and then one after each longer wait."""
    night.fault({"route": "query", "org": "hub"}, BUSY, times=0)
    with pytest.raises(SalesforceError, match="503"):
        night.build()
    assert sent(night, "query") == {"hub": CALL.tries + BUILD_START.tries - 1}


def test_the_login_of_a_build_to_a_dev_hub_that_is_out_of_order(night: Night) -> None:
    night.fault({"route": "oauth.token"}, BUSY, times=0)
    with pytest.raises(LoginError, match="503"):
        night.build()
    assert sent(night, "oauth.token").total() == CALL.tries + BUILD_START.tries - 1


def test_a_call_of_a_step_to_an_org_that_is_out_of_order(night: Night) -> None:
    night.write_pool(size=1, steps="", pool="replacements: 0")
    night.fault({"route": "query", "org": "scratch"}, BUSY, times=0)
    assert night.build().exit_code != 0
    (count,) = sent(night, "query").values()
    assert count == CALL.tries + STEP.tries - 1
