"""A self-signed certificate for 127.0.0.1, made at run time: no private key lives in the repository, none expires."""

import shutil
import ssl
import subprocess
from pathlib import Path

DAYS = "2"


def server_context(folder: Path) -> ssl.SSLContext:
    """Make `certificate.pem` and `key.pem` in the folder and return a server's TLS context with them.

    Raises RuntimeError when the `openssl` command is missing: install the package `openssl`.
    """
    if shutil.which("openssl") is None:
        raise RuntimeError("the test certificate needs the `openssl` command: install the package `openssl`")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-days", DAYS]
    subprocess.run(["openssl", "req", "-x509", *kind, *subject, *files], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
