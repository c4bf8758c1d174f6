"""The page, as a browser without JavaScript uses it."""

from __future__ import annotations

import re
from dataclasses import replace

import httpx

from provisioner.access.person import Person
from provisioner.ledger.base import Run, State

from .served import TOKEN, Served


def test_a_person_signs_in_with_the_token_of_the_file_and_out_again(served: Served) -> None:
    with httpx.Client(base_url=served.url, follow_redirects=True) as browser:
        assert "Sign in" in browser.get("/").text

        refused = browser.post("/sign-in/token", data={"token": "another"})
        assert (refused.status_code, len(browser.cookies)) == (403, 0)
        assert "This is not the token of the file." in refused.text

        pools = browser.post("/sign-in/token", data={"token": TOKEN})
        assert "2 available" in pools.text
        form = re.search(r'name="csrf_token" value="(\w+)"', pools.text)
        assert form is not None

        forged = browser.post("/sign-out", data={"csrf_token": "0" * 64})
        assert forged.status_code == 403
        assert "not from a page of your sign-in" in forged.text

        browser.post("/sign-out", data={"csrf_token": form[1]})
        assert "Sign in" in browser.get("/").text
    assert [note.partition(":")[0] for note in served.notes()] == [
        "refusal",
        "sign-in",
        "refusal",
        "sign-out",
    ]


def test_a_form_of_another_site_is_refused(served: Served) -> None:
    answer = httpx.post(
        f"{served.url}/sign-in/token",
        data={"token": TOKEN},
        headers={"Origin": "https://evil.example"},
    )

    assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)


def browser_of(served: Served, person: Person) -> httpx.Client:
    """A browser in which this person has signed in."""
    cookies = {served.world.cookies.name: served.world.cookies.seal(person)}
    return httpx.Client(base_url=served.url, cookies=cookies)


def csrf_token(page: str) -> str:
    found = re.search(r'name="csrf_token" value="(\w+)"', page)
    assert found is not None
    return found[1]


def a_build(served: Served) -> str:
    """The id of a build that is over, and has built in the pool morning."""
    run = Run("run-7", "host", 1, served.ledger.now())
    with served.ledger.builder_lock(run, wait=False):
        summary = {"exit_code": 0, "pools": [{"name": "morning", "size": 2, "available": 2}]}
        served.ledger.finish_run(replace(run, finished_at=served.ledger.now(), summary=summary))
    return run.id


def test_a_person_without_a_role_sees_no_pool_org_or_build(served: Served) -> None:
    run = a_build(served)
    with browser_of(served, Person("eve")) as eve:
        first = eve.get("/")
        assert "There is no pool that you may see." in first.text
        assert "morning" not in first.text
        assert run not in first.text

        for path in ("/orgs/one@acme.example", "/orgs/none@acme.example"):
            unseen = eve.get(path)
            assert (unseen.status_code, "has no scratch org" in unseen.text) == (404, True)
        assert "there is no such page" in eve.get("/orgs").text
        for path in (f"/runs/{run}", "/runs/none"):
            unseen = eve.get(path)
            assert (unseen.status_code, "the ledger has no run" in unseen.text) == (404, True)

        form = {"csrf_token": csrf_token(first.text), "pool": "morning"}
        refused = eve.post("/claim", data=form)
        assert refused.status_code == 403
        assert "eve is not a claimer of the pool morning" in refused.text


def test_an_operator_releases_the_claim_of_another_and_gets_no_session(served: Served) -> None:
    [org, _] = served.ledger.orgs()
    served.ledger.move(org, State.CLAIMED, owner="ann")
    with browser_of(served, Person("bob", is_local=True)) as bob:
        page = bob.get(f"/orgs/{org.username}").text
        assert "Release" in page
        assert "Show session" not in page

        form = {"csrf_token": csrf_token(page), "once": "1"}
        for action in ("open", "session"):
            refused = bob.post(f"/orgs/{org.username}/{action}", data=form | {"once": action})
            assert refused.status_code == 403
            assert "is only for the owner of its claim" in refused.text

        asked = bob.get(f"/orgs/{org.username}/release").text
        assert "is claimed by ann" in asked
        released = bob.post(f"/orgs/{org.username}/release", data=form | {"reuse": "yes"})
        assert released.headers["location"] == "/?done=reused"


def test_a_claim_without_an_available_org_says_what_to_do_on_the_page(served: Served) -> None:
    for org in served.ledger.orgs():
        served.ledger.move(org, State.CLAIMED, owner="ann")
    with browser_of(served, Person("bob", is_local=True)) as bob:
        form = {"csrf_token": csrf_token(bob.get("/").text), "pool": "morning"}
        refused = bob.post("/claim", data=form)
        assert refused.status_code == 409
        assert "no scratch org is available in the pool morning" in refused.text
        assert "the first page shows when an org is ready" in refused.text


def test_the_report_of_a_build_has_its_own_policy(served: Served) -> None:
    run = a_build(served)
    with browser_of(served, Person("bob", is_local=True)) as bob:
        report = bob.get(f"/runs/{run}")
        assert (report.status_code, "2 of 2 available" in report.text) == (200, True)
        assert "style-src 'sha256-" in report.headers["content-security-policy"]
        assert f'href="/runs/{run}"' in bob.get("/").text
