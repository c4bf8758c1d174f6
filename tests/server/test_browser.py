"""The page in a real browser: a headless Chromium, people who sign in at an identity provider, and
orgs of an emulated Dev Hub."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from provisioner.emulator.latencies import Latencies
from provisioner.emulator.server import EmulatorServer
from provisioner.emulator.world import World
from provisioner.ledger.base import Org, State
from tests.claim.conftest import add
from tests.claim.live_orgs import LiveOrgs, key_pair

from .chromium import Tab, chromium, tab
from .oidc_provider import Provider, identity_provider
from .served import Served, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser

WIDTHS = (360, 768, 1600)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@dataclass
class Site:
    """The server, and what is behind it."""

    served: Served
    live: LiveOrgs
    provider: Provider
    made: int = 0

    def org(self) -> Org:
        """A new available org."""
        self.made += 1
        return self.live.add(self.served.ledger, f"morning-{self.made}")

    def state(self, org: Org) -> Org:
        """The row of an org now."""
        row = self.served.ledger.get(org.username)
        assert row is not None
        return row


@pytest.fixture(scope="module")
def site(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One server for all tests of this file; each test makes its own orgs."""
    world = World(certificate=key_pair().certificate, latencies=Latencies(500))
    with EmulatorServer(world) as emulator, identity_provider() as provider:
        live = LiveOrgs(emulator, tmp_path_factory.mktemp("site"))
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        live.write_pool(
            f"server:\n  url: http://127.0.0.1:{port}\n"
            f"  sign_in: {{ issuer: {provider.url}, client_id: pools, "
            "client_secret: '${OIDC_SECRET}' }\n"
            "  roles: { claimer: [developers], viewer: [everyone] }"
        )
        with serving(live.folder / "pool.yaml", token="", port=port) as served:
            yield Site(served, live, provider)


def sign_in(site: Site, one: Tab, name: str = "ann", *groups: str) -> None:
    site.provider.person = {
        "email": f"{name}@acme.example",
        "groups": groups or ["developers"],
    }
    one.page.goto("/")
    one.click("Sign in")
    one.page.wait_for_url("**/")


def test_a_person_claims_opens_extends_and_releases_an_org(browser: Browser, site: Site) -> None:
    org = site.org()
    with tab(browser, site.served.url) as ann:
        sign_in(site, ann)
        ann.page.goto(f"/orgs/{org.username}")
        ann.page.get_by_label("Purpose").fill("rounding of invoices")
        ann.click("Claim")
        ann.page.get_by_text("The org is yours.").wait_for()
        row = site.state(org)
        assert (row.owner, row.purpose) == ("ann@acme.example", "rounding of invoices")
        lease = row.lease_until

        with ann.context.expect_page() as opened:
            ann.click(f"Open {org.username} in the browser")
        opened.value.wait_for_url("**/lightning")
        assert opened.value.evaluate("document.referrer") == ""

        ann.click("Show session")
        token = ann.page.locator("#session-token").filter(has_text="!").inner_text()
        assert token.startswith(org.org_id[:15])
        ann.click("Close")
        assert token not in ann.page.content()

        ann.page.get_by_label("Extend to").select_option("1d")
        ann.click("Extend")
        ann.page.get_by_text("The lease is extended.").wait_for()
        extended = site.state(org).lease_until
        assert lease is not None
        assert extended is not None
        assert extended > lease

        ann.click("Release…", "link")
        ann.page.get_by_text("The org is deleted with everything in it.").wait_for()
        ann.click("Release and delete")
        ann.page.get_by_text("The org is released and will be deleted.").wait_for()
        assert site.state(org).state in (State.RELEASED, State.DELETED)
        assert token not in str(site.served.ledger.events())
        assert ann.messages == []


def test_all_essential_actions_work_without_javascript(browser: Browser, site: Site) -> None:
    org = site.org()
    with tab(browser, site.served.url, java_script_enabled=False) as ann:
        sign_in(site, ann)
        ann.page.locator('[data-pool="morning"] summary').click()
        ann.click("Claim an org from morning")
        ann.page.get_by_text("The org is yours.").wait_for()

        ann.click("Extend")
        ann.page.get_by_text("The lease is extended.").wait_for()

        with ann.context.expect_page() as opened:
            ann.click(f"Open {org.username} in the browser")
        opened.value.wait_for_url("**/lightning")
        with ann.context.expect_page() as again:
            ann.click(f"Open {org.username} in the browser")
        again.value.get_by_text("This link has been used; each works once").wait_for()

        ann.click("Show session")
        ann.page.get_by_text("access_token:").wait_for()
        ann.page.goto(f"/orgs/{org.username}/release")
        ann.click("Release for reuse")
        ann.page.get_by_text("The org is released and available again.").wait_for()
        ann.page.goto("/?q=no-such-org")
        ann.page.get_by_text("No org matches.").wait_for()
    taken = site.state(org)
    assert taken.state is State.AVAILABLE
    site.served.ledger.move(taken, State.RELEASED)


def test_two_people_race_for_one_org_and_one_gets_it(browser: Browser, site: Site) -> None:
    org = site.org()
    with tab(browser, site.served.url) as ann, tab(browser, site.served.url) as bob:
        for person, name in ((ann, "ann"), (bob, "bob")):
            sign_in(site, person, name)
            person.page.goto(f"/orgs/{org.username}")
        for person in (ann, bob):  # neither waits for the answer of the other
            person.page.get_by_role("button", name="Claim").click(no_wait_after=True)
        results = []
        for person in (ann, bob):
            person.page.get_by_text("The org is yours.").or_(
                person.page.get_by_text("This was not done")
            ).wait_for()
            results.append(person.page.locator("main").inner_text())

        won = [text for text in results if "The org is yours." in text]
        [lost] = [text for text in results if "This was not done" in text]
        assert len(won) == 1
        owner = site.state(org).owner
        assert f"claimed by {owner}" in lost

        loser, loser_name = (bob, "bob") if owner.startswith("ann") else (ann, "ann")
        loser.page.goto(f"/orgs/{org.username}")
        assert loser.page.get_by_role("button").all_inner_texts() == ["Sign out"]
        assert not owner.startswith(loser_name)
    site.served.ledger.move(site.state(org), State.RELEASED)


def test_the_page_shows_changes_without_a_reload(browser: Browser, site: Site) -> None:
    org = site.org()
    with tab(browser, site.served.url) as ann:
        sign_in(site, ann, "ann", "none")
        ann.page.get_by_text("live", exact=True).wait_for()
        assert ann.page.locator('form[action="/claim"]').count() == 0  # she may not claim

        claimed = site.served.ledger.move(org, State.CLAIMED, owner="eve", purpose="a demo")
        row = ann.page.locator(f'#list [data-org="{org.username}"]')
        row.get_by_text("claimed").wait_for()
        assert row.locator(".owner").inner_text() == "eve"
        count = '[data-pool="morning"] .legend [data-count="claimed"]'
        assert ann.page.locator(count).inner_text() == "1"
        ann.page.keyboard.press("/")
        ann.page.keyboard.type("no-such-org")
        ann.page.get_by_text("No org matches.").wait_for()
        assert ann.page.url.endswith("/?q=no-such-org")
        assert ann.messages == []
        assert claimed is not None
        site.served.ledger.move(claimed, State.RELEASED)


def test_each_page_fits_three_widths_and_names_its_controls(browser: Browser, site: Site) -> None:
    from axe_playwright_python.sync_playwright import Axe

    claimed = site.org()
    site.served.ledger.move(claimed, State.CLAIMED, owner="ann@acme.example", purpose="x" * 200)
    add(site.served.ledger, "morning-building-with-a-long-name", State.BUILDING)
    add(site.served.ledger, "morning-failed", State.FAILED, error="deploy_source: X.cls:3:9: " * 9)
    problems: list[Any] = []
    with tab(browser, site.served.url) as ann:
        pages = ["/sign-in", "/", f"/orgs/{claimed.username}", f"/orgs/{claimed.username}/release"]
        for path in [*pages, "/orgs/morning-failed@acme.example"]:
            if path == "/":
                sign_in(site, ann)
            ann.page.goto(path)
            for width in WIDTHS:
                ann.page.set_viewport_size({"width": width, "height": 800})
                needed = ann.page.evaluate("document.documentElement.scrollWidth")
                problems += [(path, width, needed)] if needed > width else []
            for scheme in ("light", "dark") if path == "/" else ("light",):
                ann.page.emulate_media(color_scheme=scheme)
                found = Axe().run(ann.page).response["violations"]
                problems += [(path, scheme, one["id"], one["nodes"]) for one in found]
        assert ann.messages == []
    assert problems == []
