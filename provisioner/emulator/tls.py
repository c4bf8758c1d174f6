"""https for clients that require it: a generated certificate authority and server certificate."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.x509 import Certificate

_NAMES = ("localhost", "login.salesforce.com", "test.salesforce.com")


@dataclass(frozen=True)
class Tls:
    """The TLS context of a server, and the file of the authority that clients must trust."""

    context: ssl.SSLContext
    ca: Path  # PEM, for REQUESTS_CA_BUNDLE, NODE_EXTRA_CA_CERTS …


def make_tls(folder: Path) -> Tls:
    """A new authority and a server certificate for loopback names, written to `folder`."""
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding

    folder.mkdir(parents=True, exist_ok=True)
    authority_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    authority = _certificate("emulator authority", authority_key, None, authority_key)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    leaf = _certificate("localhost", key, authority, authority_key)
    ca, chain, private = folder / "ca.crt", folder / "tls.crt", folder / "tls.key"
    ca.write_bytes(authority.public_bytes(Encoding.PEM))
    chain.write_bytes(leaf.public_bytes(Encoding.PEM) + authority.public_bytes(Encoding.PEM))
    _write_key(private, key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(chain, private)
    return Tls(context, ca)


def _certificate(
    common_name: str,
    key: RSAPrivateKey,
    issuer: Certificate | None,
    issuer_key: RSAPrivateKey,
) -> Certificate:
    """A certificate of the authority; of the authority itself if no issuer is given."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer.subject if issuer else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
        .add_extension(_key_usage(is_authority=issuer is None), critical=True)
    )
    if issuer is not None:
        addresses = [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        names = [x509.DNSName(one) for one in _NAMES]
        builder = builder.add_extension(
            x509.SubjectAlternativeName([*names, *addresses]), critical=False
        ).add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _key_usage(*, is_authority: bool) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=not is_authority,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )


def _write_key(path: Path, key: RSAPrivateKey) -> None:
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    path.touch(mode=0o600)
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    )
