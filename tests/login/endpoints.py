"""Three login endpoints, and hosts that answer what a test wants, without a network."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import pytest

from provisioner.errors import LoginError
from provisioner.salesforce.grant import App, LoginEndpoint, Reply, sign_in

OWN = "https://org.scratch.my.salesforce.com"
TEST = "https://test.salesforce.com"
ENDPOINTS = (LoginEndpoint(OWN, TEST), LoginEndpoint(OWN, OWN), LoginEndpoint(TEST, TEST))
WHO = "morning-7f3k@acme.example"
HTML = Reply(200, b"<html>Maintenance</html>", "text/html; charset=UTF-8")
Answer = Reply | OSError


def refusal(error: str, description: str, status: int = 400) -> Reply:
    body = json.dumps({"error": error, "error_description": description}).encode()
    return Reply(status, body, "application/json;charset=UTF-8")


def granted(**changes: object) -> Reply:
    answer = {
        "access_token": "00D000000000062!planted-token",
        "instance_url": OWN,
        "id": f"{TEST}/id/00D000000000062EAA/005000000000001AAA",
        "token_type": "Bearer",
    }
    kept = {k: v for k, v in {**answer, **changes}.items() if v is not None}
    return Reply(200, json.dumps(kept).encode(), "application/json")


class Hosts:
    """Answers in order, the last one again and again; counts what it is asked."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []
        self.assertions: list[str] = []

    def __call__(self, url: str, form: Mapping[str, str]) -> Reply:
        self.asked.append(url)
        self.assertions.append(form["assertion"])
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, OSError):
            raise answer
        return answer


def refuse(app: App, *answers: Answer, now: Callable[[], float] = lambda: 1e9) -> LoginError:
    with pytest.raises(LoginError) as caught:
        sign_in(app, WHO, ENDPOINTS, Hosts(*answers), now=now)
    return caught.value


NOT_YET = refusal("invalid_grant", "user hasn't approved this consumer")
WRONG_AUDIENCE = refusal("invalid_grant", "audience is invalid")
