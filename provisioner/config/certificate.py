"""The certificate that a deploy of an app carries: the one that pool.yaml names, or a made one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.config.key_pair import read_certificate
from provisioner.declare.secret import Secret
from provisioner.errors import UsageError
from provisioner.salesforce.keys import load_signing_key
from provisioner.salesforce.self_signed import self_signed_certificate

if TYPE_CHECKING:
    from provisioner.config.hub import ConnectedApp


def app_certificate(app: ConnectedApp) -> str:
    """The certificate of the app's private key, in PEM.

    Without `certificate` it is made from the key: the same each time, and valid until 2049. Raises
    UsageError for a key or certificate that cannot be read, or that do not belong together.
    """
    key, passphrase = app.private_key, app.private_key_passphrase
    source = key.reveal() if isinstance(key, Secret) else key
    signing_key = load_signing_key(source, passphrase.reveal() if passphrase else None).private
    if app.certificate is None:
        return self_signed_certificate(signing_key)
    from cryptography.hazmat.primitives.serialization import Encoding

    certificate = read_certificate(app.certificate)
    if certificate is None or certificate.public_key() != signing_key.public_key():
        wrong = "is not a certificate" if certificate is None else "is not that of private_key"
        raise UsageError(
            f"{app.certificate} {wrong}",
            code="certificate",
            hint="name the certificate of private_key, or remove `certificate`: one is made then",
        )
    return certificate.public_bytes(Encoding.PEM).decode()


def is_of_another_key(deployed: str, certificate: str) -> bool:
    """Whether the certificate that an org returned is that of another key; False for none."""
    from cryptography.x509 import load_pem_x509_certificate

    try:
        known = load_pem_x509_certificate(deployed.encode()).public_key()
    except ValueError:
        return False
    return known != load_pem_x509_certificate(certificate.encode()).public_key()
