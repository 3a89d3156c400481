"""The emulator's own certificate authority."""

import ssl
from pathlib import Path

import trustme

NAMES = ("127.0.0.1", "localhost")


def make_certificates(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server context for 127.0.0.1 and localhost, and the file with the CA certificate that clients must trust."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*NAMES).configure_cert(context)  # pyright: ignore[reportUnknownMemberType]
    ca_file = folder / "arm-emulator-ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    return context, ca_file
