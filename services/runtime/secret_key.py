"""Keys: from the settings, or made once and kept in the data folder."""

import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from services.runtime.settings import Settings

FILE_NAME = "secret.key"
SEAL_FILE_NAME = "seal.key"
KEY_BYTES = 32


def secret_key(settings: Settings) -> bytes:
    """Return the installation's secret: of acknowledgement codes, links and addresses for bounces."""
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value().encode()
    return _kept(settings.data_dir / FILE_NAME)


def seal_keys(settings: Settings) -> Sequence[bytes]:
    """Return the keys of sealed records: the first seals, every one opens what it sealed."""
    if settings.seal_key is not None:
        return [key.strip().encode() for key in settings.seal_key.get_secret_value().split(",")]
    return [_kept(settings.data_dir / SEAL_FILE_NAME)]


def _kept(path: Path) -> bytes:
    """Return the key in a file. Two services that start at once on one data folder agree on the file that was first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}")
    if not path.exists():
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(KEY_BYTES))
        try:
            os.link(draft, path)  # atomic: whoever comes second keeps the first one's key
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text(encoding="ascii").strip().encode()
