"""The page, as a browser without JavaScript uses it."""

from __future__ import annotations

import re

import httpx

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
