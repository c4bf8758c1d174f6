"""A session with an org: what is tried again, what is never, and the errors that a person reads."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from provisioner.errors import ErrorKind, LoginError, SalesforceError
from provisioner.retry import CALL, repeated
from provisioner.salesforce.api_errors import NO_ANSWER, NOT_SENT, TIMED_OUT
from provisioner.salesforce.grant import Grant
from provisioner.salesforce.session import OrgSession
from provisioner.salesforce.transport import Transport
from tests.salesforce.scripted import (
    EXPIRED,
    RESET,
    UNAVAILABLE,
    Answer,
    ScriptedServer,
    error,
)

FIRST_TOKEN = "00D000000000001!AQEA.First_Token"
SECOND_TOKEN = "00D000000000001!AQEA.Second_Token"
LIMITS = "/services/data/v68.0/limits"
ORG = "morning-abc@acme.example"
TRIES = CALL.tries


def grant(url: str, token: str = FIRST_TOKEN) -> Grant:
    return Grant(token, url, "00D000000000001EAA", "005000000000001AAA")


@pytest.fixture
def renewals() -> list[str]:
    """A line for each login that a session asked for."""
    return []


@pytest.fixture
def session(transport: Transport, server: ScriptedServer, renewals: list[str]) -> OrgSession:
    def renew() -> Grant:
        renewals.append("login")
        return grant(server.url, SECOND_TOKEN)

    return OrgSession(transport, "org", ORG, grant(server.url), renew)


def refused(session: OrgSession, method: str = "GET") -> SalesforceError:
    with pytest.raises(SalesforceError) as caught:
        session.request(method, session.instance_url + LIMITS)
    return caught.value


# --- answers that say "later" -------------------------------------------------------------


def test_a_get_is_tried_again_after_503(server: ScriptedServer, session: OrgSession) -> None:
    server.plays(UNAVAILABLE, UNAVAILABLE, Answer(200, {"fine": True}))
    answer = session.request("GET", session.instance_url + LIMITS)
    assert answer.json() == {"fine": True}
    assert len(server.seen) == 3


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_get_is_not_tried_for_ever(
    server: ScriptedServer, session: OrgSession, status: int
) -> None:
    server.plays(error(status, "SERVER_UNAVAILABLE"))
    failure = refused(session)
    assert (failure.kind, failure.status) == (ErrorKind.TRANSIENT, status)
    assert failure.message == (
        f"{ORG}: GET limits: HTTP {status}: SERVER_UNAVAILABLE: what went wrong"
    )
    assert len(server.seen) == TRIES


@pytest.mark.parametrize("method", ["POST", "PATCH"])
@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_change_is_sent_once_whatever_the_answer(
    server: ScriptedServer, session: OrgSession, method: str, status: int
) -> None:
    server.plays(error(status, "SERVER_UNAVAILABLE"), Answer())
    assert refused(session, method).kind is ErrorKind.TRANSIENT
    assert len(server.seen) == 1


def test_a_500_is_left_to_the_caller(server: ScriptedServer, session: OrgSession) -> None:
    server.plays(error(500, "UNKNOWN_EXCEPTION"), Answer())
    assert refused(session).kind is ErrorKind.TRANSIENT
    assert len(server.seen) == 1


def test_an_answer_of_300_is_no_success_unless_it_is_expected(
    server: ScriptedServer, session: OrgSession
) -> None:
    """Salesforce answers 300 where an external id names several records."""
    server.plays(Answer(300, ["/one", "/two"]))
    assert refused(session).status == 300
    url = session.instance_url + LIMITS
    assert session.request("GET", url, expected=[300]).json() == ["/one", "/two"]


def test_a_longer_retry_saves_the_tries_of_the_call_that_failed_and_of_no_other(
    server: ScriptedServer, session: OrgSession
) -> None:
    server.plays(UNAVAILABLE)
    with repeated(set()):
        for path in (LIMITS, LIMITS, "/services/data/v68.0/query"):
            with pytest.raises(SalesforceError):
                session.request("GET", session.instance_url + path)
    paths = [seen.path.rpartition("/")[2] for seen in server.seen]
    assert paths == [*(["limits"] * TRIES), "limits", *(["query"] * TRIES)]


def test_a_number_that_json_does_not_know_is_not_sent(
    server: ScriptedServer, session: OrgSession
) -> None:
    with pytest.raises(ValueError, match="JSON"):
        session.request("POST", session.instance_url + LIMITS, json={"Amount": float("nan")})
    assert server.seen == []


# --- answers that are lost ----------------------------------------------------------------


def test_a_post_whose_connection_is_reset_is_sent_once(
    server: ScriptedServer, session: OrgSession
) -> None:
    server.plays(RESET, Answer())
    failure = refused(session, "POST")
    assert (failure.kind, failure.status, failure.error_code) == (ErrorKind.TRANSIENT, 0, NO_ANSWER)
    assert failure.message.startswith(f"{ORG}: POST limits: the answer was lost: connection closed")
    assert len(server.seen) == 1


def test_a_get_whose_connection_is_reset_is_tried_again(
    server: ScriptedServer, session: OrgSession
) -> None:
    server.plays(RESET, RESET, Answer(200, {"fine": True}))
    assert session.request("GET", session.instance_url + LIMITS).json() == {"fine": True}
    assert len(server.seen) == 3


def test_a_call_marked_as_not_repeatable_is_sent_once(
    server: ScriptedServer, session: OrgSession
) -> None:
    server.plays(RESET, Answer())
    with pytest.raises(SalesforceError, match="the answer was lost"):
        session.request("GET", session.instance_url + LIMITS, is_repeatable=False)
    assert len(server.seen) == 1


def test_even_a_post_is_tried_again_when_it_never_left(transport: Transport) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    session = OrgSession(transport, "org", ORG, grant(url), lambda: grant(url))
    failure = refused(session, "POST")
    assert (failure.kind, failure.error_code) == (ErrorKind.TRANSIENT, NOT_SENT)
    assert failure.message == f"{ORG}: POST limits: not sent: connection refused"
    assert transport.calls.totals() == {"hub": 0, "org": TRIES}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_call_that_times_out_is_not_repeated(server: ScriptedServer, method: str) -> None:
    """The server may be at it still, and the thread has waited long enough."""
    end = threading.Event()
    server.plays(Answer(waits_for=end))
    with Transport(time_scale=0.001, timeout=(5.0, 0.2)) as transport:
        session = OrgSession(transport, "org", ORG, grant(server.url), lambda: grant(server.url))
        failure = refused(session, method)
    end.set()
    assert (failure.kind, failure.error_code) == (ErrorKind.TRANSIENT, TIMED_OUT)
    assert failure.message == f"{ORG}: {method} limits: no answer in time"
    assert len(server.seen) == 1


def test_every_call_has_time_outs_unless_set_otherwise() -> None:
    with Transport() as transport:
        assert transport.timeout == (10.0, 120.0)
        assert sum(CALL.waits) <= 3.0


# --- sessions that end --------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_ended_session_is_renewed_and_the_same_call_repeated(
    server: ScriptedServer, session: OrgSession, renewals: list[str], method: str
) -> None:
    server.plays(EXPIRED, Answer(200, {"fine": True}))
    url = session.instance_url + LIMITS
    assert session.request(method, url, data=b"body").json() == {"fine": True}
    assert renewals == ["login"]
    first, second = server.seen
    assert (first.method, first.path, first.body) == (second.method, second.path, second.body)
    assert first.headers["authorization"] == f"Bearer {FIRST_TOKEN}"
    assert second.headers["authorization"] == f"Bearer {SECOND_TOKEN}"


def test_a_server_that_says_401_for_ever_is_asked_twice(
    server: ScriptedServer, session: OrgSession, renewals: list[str]
) -> None:
    server.plays(EXPIRED)
    failure = refused(session)
    assert (failure.kind, failure.status) == (ErrorKind.CONFIGURATION, 401)
    assert failure.error_code == "INVALID_SESSION_ID"
    assert failure.hint.startswith("check the session policies")
    assert renewals == ["login"]
    assert len(server.seen) == 2


def test_a_401_that_a_new_login_cannot_cure_is_not_answered_with_one(
    server: ScriptedServer, session: OrgSession, renewals: list[str]
) -> None:
    text = "This session is not valid for use with the REST API"
    server.plays(error(401, "INVALID_SESSION_ID", text))
    assert text in refused(session).message
    assert renewals == []


def test_a_login_that_is_refused_says_so(server: ScriptedServer, transport: Transport) -> None:
    def renew() -> Grant:
        raise LoginError("not approved any more")

    server.plays(EXPIRED)
    session = OrgSession(transport, "org", ORG, grant(server.url), renew)
    with pytest.raises(LoginError, match="not approved any more"):
        session.request("GET", session.instance_url + LIMITS)


def test_of_many_threads_one_renews_the_session(
    server: ScriptedServer, session: OrgSession, renewals: list[str]
) -> None:
    """All of them were refused with the old token; one new one serves them all."""
    ended = session.grant
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(session.renew, [ended] * 8))
    assert renewals == ["login"]
    assert session.grant.access_token == SECOND_TOKEN


# --- errors for people -------------------------------------------------------------------


def test_the_host_of_a_deleted_org_means_that_it_is_gone(
    server: ScriptedServer, session: OrgSession
) -> None:
    server.plays(Answer(420, "<html><body>Stay tuned</body></html>"))
    failure = refused(session)
    assert (failure.kind, failure.status) == (ErrorKind.GONE, 420)
    assert failure.message == (
        f"{ORG}: GET limits: HTTP 420: the scratch org is deleted, expired or under maintenance"
    )
    assert len(server.seen) == TRIES, "an active org in maintenance answers the same"


@pytest.mark.parametrize(
    "passing",
    [
        Answer(400, {"error": "unknown_error", "error_description": "retry your request"}),
        error(400, "UNKNOWN_ERROR", "unknown_error: retry your request"),
        Answer(403, "<html><body>Access Declined</body></html>"),
        Answer(400, {"error": "temporarily_unavailable"}),
    ],
)
def test_an_answer_that_asks_to_wait_is_transient(
    server: ScriptedServer, session: OrgSession, passing: Answer
) -> None:
    server.plays(passing)
    assert refused(session).kind is ErrorKind.TRANSIENT


def test_from_the_dev_hub_420_says_nothing_of_orgs(
    server: ScriptedServer, transport: Transport
) -> None:
    session = OrgSession(transport, "hub", ORG, grant(server.url), lambda: grant(server.url))
    server.plays(Answer(420, "<html>"), Answer(200, []))
    assert session.request("GET", session.instance_url + LIMITS).json() == []
    server.plays(Answer(420, "<html>"))
    failure = refused(session)
    assert (failure.kind, failure.status) == (ErrorKind.TRANSIENT, 420)
    assert "web page" in failure.message


def test_a_used_up_allowance_of_requests_is_a_limit(
    server: ScriptedServer, session: OrgSession
) -> None:
    server.plays(error(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."))
    failure = refused(session)
    assert (failure.kind, failure.status) == (ErrorKind.LIMIT, 403)
    assert "TotalRequests Limit exceeded." in failure.message
    assert failure.hint.startswith("the org's API calls of the last 24 hours are used up")
    assert len(server.seen) == 1


def test_several_errors_and_their_fields_are_all_shown(
    server: ScriptedServer, session: OrgSession
) -> None:
    body = [
        {"errorCode": "REQUIRED_FIELD_MISSING", "message": "Missing", "fields": ["A", "B"]},
        {"errorCode": "INVALID_FIELD", "message": "No C", "fields": ["C"]},
    ]
    server.plays(Answer(400, body))
    failure = refused(session)
    assert failure.kind is ErrorKind.CONTENT
    text = "REQUIRED_FIELD_MISSING: Missing (A, B); INVALID_FIELD: No C"
    assert failure.message == f"{ORG}: GET limits: HTTP 400: {text}"


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        (
            Answer(502, "<html>Bad gateway</html>"),
            ErrorKind.TRANSIENT,
            "a web page instead of an API response",
        ),
        (
            Answer(200, "<html>Sign on</html>"),
            ErrorKind.TRANSIENT,
            "a web page instead of an API response",
        ),
        (Answer(404, ""), ErrorKind.CONTENT, "a web page instead of an API response"),
        (
            Answer(302, {}, {"Location": "http://127.0.0.1:9/"}),
            ErrorKind.CONFIGURATION,
            "HTTP 302: {}",
        ),
    ],
)
def test_an_answer_without_an_envelope_is_described(
    server: ScriptedServer, session: OrgSession, answer: Answer, kind: ErrorKind, text: str
) -> None:
    server.plays(answer)
    failure = refused(session)
    assert failure.kind is kind
    assert text in failure.message


def test_a_token_that_the_server_repeats_is_not_shown(
    server: ScriptedServer, session: OrgSession
) -> None:
    server.plays(error(400, "BAD_THING", f"token {FIRST_TOKEN} Bearer abc.def is odd\n"))
    failure = refused(session)
    assert failure.message.endswith("BAD_THING: token *** Bearer *** is odd")
    assert FIRST_TOKEN not in repr(failure)
    assert FIRST_TOKEN not in repr(session.grant)


def test_a_second_login_to_the_same_org_has_its_own_token_and_all_else_of_the_first(
    server: ScriptedServer, session: OrgSession, transport: Transport, renewals: list[str]
) -> None:
    second = session.with_grant(grant(server.url, "00D000000000001!AQEA.Verification"))
    session.request("GET", session.instance_url + LIMITS)
    server.plays(Answer(), EXPIRED, Answer(), error(404, "NOT_FOUND"))
    second.request("GET", second.instance_url + LIMITS)
    second.request("GET", second.instance_url + LIMITS)
    tokens = [seen.headers["authorization"].rpartition(".")[2] for seen in server.seen]
    assert tokens == ["First_Token", "Verification", "Verification", "Second_Token"]
    assert renewals == ["login"]
    assert len({seen.connection for seen in server.seen}) == 1
    assert transport.calls.totals() == {"hub": 0, "org": 4}
    assert refused(second).message.startswith(f"{ORG}: GET limits: ")


# --- connections and counts ---------------------------------------------------------------


def test_all_sessions_share_kept_connections(server: ScriptedServer, transport: Transport) -> None:
    for name in ("one", "two", "three"):
        session = OrgSession(transport, "org", name, grant(server.url), lambda: grant(server.url))
        session.request("GET", server.url + LIMITS)
        session.request("POST", server.url + LIMITS)
    assert len(server.seen) == 6
    assert len({seen.connection for seen in server.seen}) == 1


def test_requests_are_counted_by_whom_and_what(
    server: ScriptedServer, transport: Transport
) -> None:
    hub = OrgSession(transport, "hub", "hub", grant(server.url), lambda: grant(server.url))
    server.plays(UNAVAILABLE, Answer())
    hub.request("GET", f"{server.url}/services/data/v68.0/sobjects/User/005000000000001AAA?x=1")
    transport.post("org")(f"{server.url}/services/oauth2/token", {"a": "b"})
    assert transport.calls.by_resource() == {
        ("hub", "GET", "sobjects/User/{id}"): 2,
        ("org", "POST", "oauth2/token"): 1,
    }
    assert transport.calls.totals() == {"hub": 2, "org": 1}


def test_the_usage_of_the_api_is_kept(server: ScriptedServer, session: OrgSession) -> None:
    server.plays(
        Answer(headers={"Sforce-Limit-Info": "api-usage=18/5000; per-app-api-usage=1/2"}), Answer()
    )
    session.request("GET", session.instance_url + LIMITS)
    session.request("GET", session.instance_url + LIMITS)
    assert session.usage == (18, 5000)


def test_an_https_address_of_the_same_host_is_asked_as_the_org_speaks(
    server: ScriptedServer, session: OrgSession
) -> None:
    """simple-salesforce knows https only."""
    session.request("GET", session.instance_url.replace("http:", "https:") + LIMITS)
    assert server.seen[0].path == LIMITS


def test_an_address_to_which_nothing_is_sent_is_named_without_its_password(
    session: OrgSession,
) -> None:
    with pytest.raises(
        SalesforceError, match=r"no request is sent to 'elsewhere\.example'"
    ) as caught:
        session.request("GET", f"https://me:planted@word@elsewhere.example{LIMITS}")
    assert "planted" not in str(caught.value)
    assert "word" not in str(caught.value)


def test_a_body_of_json_is_sent_with_its_content_type(
    server: ScriptedServer, session: OrgSession
) -> None:
    session.request("POST", session.instance_url + LIMITS, json={"a": 1})
    assert server.seen[0].headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "url",
    ["https://elsewhere.example", "{own}.elsewhere.example", "http://me@elsewhere.example", "//x/"],
)
def test_nothing_is_sent_to_another_host_than_the_sessions(
    server: ScriptedServer, session: OrgSession, url: str
) -> None:
    """Whatever named it, such as the link to the next page of an answer."""
    with pytest.raises(SalesforceError, match="no request is sent to '") as caught:
        session.request("GET", url.format(own=server.url) + LIMITS)
    assert caught.value.kind is ErrorKind.CONFIGURATION
    assert server.seen == []


def test_no_proxy_is_asked_for_this_machine(
    server: ScriptedServer, session: OrgSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    session.request("GET", session.instance_url + LIMITS)
    assert len(server.seen) == 1


def test_no_cookie_is_sent_back(server: ScriptedServer, session: OrgSession) -> None:
    server.plays(Answer(headers={"Set-Cookie": "sid=secret; Path=/"}))
    session.request("GET", session.instance_url + LIMITS)
    session.request("GET", session.instance_url + LIMITS)
    assert "cookie" not in server.seen[1].headers


# --- the token endpoint -------------------------------------------------------------------


def test_a_grant_is_asked_for_again_after_503_and_a_reset(
    server: ScriptedServer, transport: Transport
) -> None:
    server.plays(UNAVAILABLE, RESET, Answer(400, {"error": "invalid_grant"}))
    reply = transport.post("org")(f"{server.url}/services/oauth2/token", {"assertion": "x"})
    assert (reply.status, len(server.seen)) == (400, 3)
    assert server.seen[2].body == b"assertion=x"


@pytest.mark.parametrize(
    "passing",
    [
        Answer(420, "<html>"),
        Answer(400, {"error": "unknown_error", "error_description": "retry your request"}),
        Answer(500, {"error": "server_error"}),
        Answer(200, "<html>Access Declined</html>"),
    ],
)
def test_a_grant_is_asked_for_again_when_the_answer_passes(
    server: ScriptedServer, transport: Transport, passing: Answer
) -> None:
    server.plays(passing, Answer(400, {"error": "invalid_grant"}))
    transport.post("org")(f"{server.url}/services/oauth2/token", {"assertion": "x"})
    assert len(server.seen) == 2


def test_a_token_endpoint_that_stays_away_is_an_os_error(
    server: ScriptedServer, transport: Transport
) -> None:
    server.plays(RESET)
    with pytest.raises(OSError, match="Connection"):
        transport.post("org")(f"{server.url}/services/oauth2/token", {})
    assert len(server.seen) == TRIES
