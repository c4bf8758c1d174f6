"""A CI job that sends the OIDC token of GitHub Actions or GitLab: it needs no secret of ours.

Sources: https://docs.github.com/en/actions/reference/security/oidc,
https://docs.gitlab.com/ci/secrets/id_token_authentication/.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import jwt

from provisioner.access.person import Person
from provisioner.claim.owner import clean_text
from provisioner.server.sign_in.address import address_of
from provisioner.server.sign_in.issuers import TokenError
from provisioner.server.sign_in.token_file import bearer

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

    from provisioner.config.server import CiJob
    from provisioner.server.world import World


def person(world: World, connection: HTTPConnection) -> Person | None:
    """The job that sends a token of its CI system; None for a request without one.

    Raises TokenError for a token that no entry of `server.ci` accepts, LoginError when the keys of
    its issuer cannot be fetched.
    """
    token, jobs = bearer(connection), world.server.ci
    if not jobs or token.count(".") != 2:
        return None
    named = _issuer_of(token)
    of_issuer = [job for job in jobs if job.issuer == named]
    if not of_issuer:
        raise TokenError(
            "the issuer of the token is not in server.ci",
            hint="add the issuer, exactly as the token has it, to server.ci in pool.yaml",
        )
    claims = _verified(world, token, of_issuer)
    allowed = [job for job in of_issuer if _matches(job, claims)]
    if not allowed:
        raise TokenError(
            f"no entry of server.ci allows {_described(claims)}",
            hint="compare audience, repository, ref and environment with server.ci in pool.yaml",
        )
    return Person(
        clean_text(f"ci {_repository(claims)} {_run(claims)}", "the job"),
        way="ci",
        address=address_of(world, connection),
        pools=frozenset(pool for job in allowed for pool in job.pools),
        token_id=_id(token, claims),
    )


def _issuer_of(token: str) -> str:
    """What the token says of its issuer; only used to find the keys that must have signed it."""
    try:
        return str(jwt.decode(token, options={"verify_signature": False}).get("iss", ""))
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise TokenError("the token is malformed") from None


def _verified(world: World, token: str, jobs: Iterable[CiJob]) -> dict[str, Any]:
    """The claims, for one of the audiences. Raises the error of the last one."""
    refused: TokenError | None = None
    for issuer, audience in dict.fromkeys((job.issuer, job.audience) for job in jobs):
        try:
            return world.issuer(issuer).verified(token, audience)
        except TokenError as error:
            refused = error
    assert refused is not None
    raise refused


def _matches(job: CiJob, claims: Mapping[str, Any]) -> bool:
    audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    return (
        job.audience in audiences
        and job.repository == _repository(claims)
        and (not job.ref or (job.ref == _ref(claims) and not _is_pull_request(claims)))
        and job.environment in ("", claims.get("environment", ""))
    )


def _is_pull_request(claims: Mapping[str, Any]) -> bool:
    """Whether the job belongs to a pull or merge request, which may be of a fork.

    Its `ref` may be a branch of the repository all the same: of `pull_request_target`, and of a
    request that was closed, it is the target branch (GitHub); of a merge request it is the source
    branch, which has any name (GitLab, `pipeline_source`).
    """
    event = str(claims.get("event_name") or claims.get("pipeline_source") or "")
    return (
        event.startswith(("pull_request", "merge_request", "external_pull_request"))
        or bool(claims.get("head_ref"))
        or str(claims.get("sub", "")).endswith(":pull_request")
    )


def _repository(claims: Mapping[str, Any]) -> str:
    """`repository` of GitHub, `project_path` of GitLab: of a fork's merge request, the fork."""
    found = claims.get("project_path") or claims.get("repository")
    return found if isinstance(found, str) else ""


def _ref(claims: Mapping[str, Any]) -> str:
    """The full name. GitLab gives `main` and the kind of it: `branch` or `tag`."""
    ref = str(claims.get("ref", ""))
    if "project_path" not in claims:
        return ref
    folder = {"branch": "refs/heads/", "tag": "refs/tags/"}.get(str(claims.get("ref_type", "")), "")
    return f"{folder}{ref}"


def _run(claims: Mapping[str, Any]) -> str:
    """The run of the workflow (GitHub), or the job (GitLab): its claims belong to it alone."""
    if "run_id" in claims:
        return f"run {claims['run_id']}.{claims.get('run_attempt', '1')}"
    return f"job {claims.get('job_id', claims.get('sub', ''))}"


def _described(claims: Mapping[str, Any]) -> str:
    environment = claims.get("environment")
    where = f" in the environment {environment}" if environment else ""
    where += ", of a pull request" if _is_pull_request(claims) else ""
    text = f"{_repository(claims) or 'a job without a repository'} on {_ref(claims)}{where}"
    return clean_text("".join(filter(str.isprintable, text))[:200], "the job")


def _id(token: str, claims: Mapping[str, Any]) -> str:
    """What the ledger remembers of a token that has made a claim."""
    named = claims.get("jti")
    text = f"{claims['iss']} {named}" if named else token
    return hashlib.sha256(text.encode()).hexdigest()[:24]
