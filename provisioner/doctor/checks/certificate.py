"""The certificate belongs to a private key, and outlives the orgs that are built tonight.

An expired certificate makes sign-ups end with C-1016 and logins fail (docs/reference/login.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.config.key_pair import WARN_BEFORE, certificate_beside, read_certificate
from provisioner.doctor.checks.private_key import read_key
from provisioner.doctor.result import Result, ok, problem, skipped, warning
from provisioner.errors import UsageError
from provisioner.plain_text import quantity

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from provisioner.config.hub import ConnectedApp
    from provisioner.doctor.examination import Examination

_RENEW = (
    "create a new certificate from the key and put it into the app: `provisioner hub app "
    "--session-from-env --rotate`, or for a connected app, Setup, App Manager"
)


def examine(examination: Examination) -> Iterator[Result]:
    """The certificates of the Dev Hub's app."""
    yield from certificates_of(examination, "dev_hub", examination.config.dev_hub)


def certificates_of(examination: Examination, name: str, app: ConnectedApp) -> Iterator[Result]:
    """One result for each certificate file of an app whose keys can be read."""
    keys = {
        location: read_key(app, key).private.public_key()
        for location, key in app.private_keys.items()
    }
    files = _files(app)
    if not files:
        yield skipped(
            f"{name}: no certificate file is known, so its expiry cannot be checked",
            "write its path in `certificate`, or keep it beside the key with its name and .crt",
        )
    for path in files:
        yield from _of(examination, path, keys, is_deployed=path == app.certificate)


def _files(app: ConnectedApp) -> list[Path]:
    """The certificate that pool.yaml names, and those beside the key files."""
    beside = (certificate_beside(k) for k in app.private_keys.values() if isinstance(k, Path))
    found = [app.certificate, *beside]
    return list(dict.fromkeys(path for path in found if path is not None))


def _of(
    examination: Examination, path: Path, keys: Mapping[str, RSAPublicKey], *, is_deployed: bool
) -> Iterator[Result]:
    """The certificate in a file. One that a deploy carries must be that of the first key."""
    certificate = read_certificate(path)
    if certificate is None:
        yield _problem(f"{path} is not a certificate", "write the path of an X.509 certificate")
        return
    belongs = [location for location, key in keys.items() if key == certificate.public_key()]
    if not belongs or (is_deployed and belongs[0] != next(iter(keys))):
        wanted = next(iter(keys)) if is_deployed else " and ".join(keys)
        yield _problem(
            f"{path} belongs to another key than {wanted}",
            "write the path of the certificate of the private key",
        )
        return
    ends, now = certificate.not_valid_after_utc, examination.now
    starts = certificate.not_valid_before_utc
    of_key = f"{path} is the certificate of {belongs[0]}"
    if starts > now:
        yield _problem(f"{path} is not valid before {starts:%Y-%m-%d}", "check the clock")
    elif ends <= now:
        yield _problem(f"{path} expired on {ends:%Y-%m-%d}", _RENEW)
    elif ends <= now + _longest_life(examination):
        days = quantity(_longest_life(examination).days, "day")
        yield warning(
            f"{path} expires on {ends:%Y-%m-%d}, before the orgs that are built today, which live "
            f"{days}: then nobody can log in to them",
            _RENEW,
        )
    elif ends - now < WARN_BEFORE:
        yield warning(f"{of_key}, and expires on {ends:%Y-%m-%d}", _RENEW)
    else:
        days = quantity((ends - now).days, "day")
        yield ok(f"{of_key}, and valid until {ends:%Y-%m-%d} ({days})")


def _longest_life(examination: Examination) -> timedelta:
    """The life of the orgs of the pool whose orgs live longest."""
    pools = examination.config.pools.values()
    return timedelta(days=max((pool.duration_days for pool in pools), default=0))


def _problem(message: str, hint: str) -> Result:
    return problem(UsageError(message, code="certificate", hint=hint))
