"""The faults of the fault nights: every class of trouble that Salesforce and networks make.

An entry draws one fault for the emulator (`provisioner.emulator.faults`) from a seed. `excuses`
names the exit codes that it may bring besides 0 (the pool is full) and 6 (orgs failed).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

Fault = dict[str, Any]
Draw = Callable[[Random], Fault]

ROUTES = (
    "oauth.token", "versions", "limits", "query", "sobjects.create", "deploy.start",
    "deploy.status", "tooling.query", "tooling.sobjects.create", "tooling.sobjects.read",
    "collections.create", "tree.create", "tooling.executeAnonymous", "collections.delete",
)  # fmt: skip
# Source: docs/reference/http.md#deleted-orgs
DEAD_ORG = "<html><body>URL No Longer Exists</body></html>"  # what the host answers
DAILY = "The signup request failed because this organization has reached its daily scratch org"
ACTIVE = "The signup request failed because this organization has reached its active scratch org"
LOCKED = "unable to obtain exclusive access to this record or 1 records: 00D000000000001"
IN_PROCESS = (
    "The changes you requested require Salesforce to temporarily lock your organization's "
    "administration setup. However, the administration setup has already been locked by another "
    "change."
)


@dataclass(frozen=True)
class Trouble:
    """A class of faults."""

    name: str
    draw: Draw
    excuses: frozenset[int] = frozenset()
    excuses_on_hub: frozenset[int] = frozenset()  # besides, where the Dev Hub holds the ledger


def draw_faults(random: Random) -> list[tuple[Trouble, Fault]]:
    """Three to eight faults; each class of the table is as likely as any other."""
    chosen = [random.choice(TABLE) for _ in range(random.randint(3, 8))]
    return [(trouble, trouble.draw(random)) for trouble in chosen]


def _request(random: Random, *routes: str, org: str = "") -> dict[str, Any]:
    """Criteria that a few requests of a night fulfil."""
    when: dict[str, Any] = {"org": org} if org else {}
    if routes or random.random() < 0.8:
        when["route"] = random.choice(routes or ROUTES)
    if random.random() < 0.7:
        when["nth"] = random.randint(1, 4 if "route" in when else 60)
    else:
        when["probability"] = random.choice([0.03, 0.1, 0.3])
    return when


def _fault(random: Random, when: Mapping[str, Any], then: Mapping[str, Any]) -> Fault:
    return {"when": dict(when), "then": dict(then), "times": random.choice([1, 1, 2, 4])}


def _answer(status: int, error: str = "", message: str = "", **more: Any) -> Mapping[str, Any]:
    words = {"error": error, "message": message} if error else {}
    return {"do": "answer", "status": status, **words, **more}


def on_the_wire(*behaviours: Mapping[str, Any], late: bool = True) -> Draw:
    """Any request; with `late` perhaps only after the platform has acted on it."""

    def draw(random: Random) -> Fault:
        at = random.choice(["before", "after"]) if late else "before"
        return _fault(random, _request(random), {**random.choice(behaviours), "at": at})

    return draw


def refused(*behaviours: Mapping[str, Any], routes: tuple[str, ...] = (), org: str = "") -> Draw:
    """An answer instead of the platform's; it has not acted."""
    return lambda random: _fault(
        random, _request(random, *routes, org=org), random.choice(behaviours)
    )


def operation(name: str, *errors: Mapping[str, str]) -> Draw:
    """What fails on the platform itself, and is visible to a poll."""

    def draw(random: Random) -> Fault:
        error = {"do": "error", **random.choice(errors)}
        if random.random() < 0.2:
            return {"when": {"operation": name}, "then": error, "times": 0}  # all night
        return _fault(random, {"operation": name, "nth": random.randint(1, 4)}, error)

    return draw


def _codes(*codes: str) -> tuple[Mapping[str, str], ...]:
    return tuple({"error": code} for code in codes)


HTML = {"content_type": "text/html"}
LOGIN = frozenset({5})
LIMIT = frozenset({4})
LEDGER = frozenset({2})
PACKAGES = frozenset({2})  # the Dev Hub does not show the versions that pool.yaml names
UNREACHABLE = frozenset({9})
SETUP = ("deploy.start", "tooling.sobjects.create")
WRITES = ("collections.create", "tree.create", "tooling.executeAnonymous")

TABLE: tuple[Trouble, ...] = (
    Trouble(
        "unavailable",
        on_the_wire(_answer(503), _answer(502, body="Bad Gateway", **HTML), _answer(504, body="")),
        LOGIN,
    ),
    Trouble("internal error", on_the_wire(_answer(500, "UNKNOWN_EXCEPTION", "1234-5 (67)")), LOGIN),
    Trouble("connection lost", on_the_wire({"do": "reset"}, {"do": "close"}), UNREACHABLE),
    Trouble("late", on_the_wire({"do": "delay", "seconds": 0.15})),
    Trouble(
        "an answer that is none",
        on_the_wire(
            _answer(200, body="<html>Down for maintenance</html>", **HTML),
            _answer(200, body='{"id": "2SR', content_type="application/json"),
            _answer(200, body={}),
            _answer(200, body=[]),
        ),
        LOGIN,
    ),
    Trouble("session over", refused({"do": "expire_session"}), LOGIN),
    Trouble(
        "API limit",
        refused(
            _answer(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
            _answer(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded."),
        ),
        LIMIT | LOGIN,
        LEDGER,
    ),
    Trouble("dead org", refused(_answer(420, body=DEAD_ORG, **HTML), org="scratch")),
    Trouble("row locked", refused(_answer(400, "UNABLE_TO_LOCK_ROW", LOCKED), routes=WRITES)),
    Trouble("in process", refused(_answer(400, "ALREADY_IN_PROCESS", IN_PROCESS), routes=SETUP)),
    Trouble(
        "content",
        refused(_answer(400, "INVALID_FIELD", "No such column 'X'"), routes=(*WRITES, *SETUP)),
    ),
    Trouble(
        "permission taken away",
        refused(_answer(403, "INSUFFICIENT_ACCESS", "insufficient access rights")),
        LOGIN | PACKAGES,
        LEDGER,
    ),
    Trouble(
        "sign-up limit",
        refused(
            _answer(400, "LIMIT_EXCEEDED", f"{DAILY} signup limit"),
            _answer(400, "LIMIT_EXCEEDED", f"{ACTIVE} limit"),
            routes=("sobjects.create",),
            org="hub",
        ),
        LIMIT,
    ),
    Trouble(
        "sign-up refused",
        refused(
            _answer(400, "INVALID_SIGNUP_OPTION", "The release is outside the preview period"),
            _answer(400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", "Not at night"),
            routes=("sobjects.create",),
            org="hub",
        ),
    ),
    Trouble(
        "sign-up fails temporarily",
        operation("signup", *_codes("C-9999", "C-1015", "C-1033", "C-1007", "VR-0001", "", "Q-1")),
    ),
    Trouble("sign-up fails for good", operation("signup", *_codes("C-1016", "S-1006", "S-1017"))),
    Trouble(
        "install fails temporarily",
        operation(
            "package_install",
            {"message": LOCKED},
            {"message": IN_PROCESS},
            {"message": "PACKAGE_UNAVAILABLE: This package is not yet available"},
        ),
    ),
    Trouble(
        "install fails for good",
        operation("package_install", {"message": "Missing feature: Person Accounts"}),
    ),
    Trouble(
        "deploy fails temporarily",
        operation("deploy", *_codes("UNKNOWN_EXCEPTION", "UNABLE_TO_LOCK_ROW")),
    ),
    Trouble("deploy fails for good", operation("deploy", *_codes("INVALID_PACKAGE"))),
    Trouble(
        "login refused",
        refused(
            *(
                _answer(400, body={"error": error, "error_description": text})
                for error, text in (
                    ("invalid_grant", "user hasn't approved this consumer"),
                    ("invalid_grant", "authentication failure"),
                    ("invalid_client_id", "client identifier invalid"),
                    ("inactive_org", "organization is inactive"),
                )
            ),
            routes=("oauth.token",),
        ),
        LOGIN,
    ),
)
