"""Files that appear whole or not at all, with their hashes.

A file is made under `$GOVPIPES_HOME/tmp` and moved into place; a killed process leaves nothing half-made.
"""

import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from govpipes.days import now


def new_id() -> str:
    """A name for a landing, candidate or release: sorts by time, never repeats."""
    return now().strftime("%Y%m%dT%H%M%S%f")[:-3] + "-" + uuid.uuid4().hex[:8]


@contextmanager
def whole_file(temp_dir: Path, target: Path) -> Iterator[Path]:
    """A path to write to, moved to `target` when the block ends well and removed when it does not."""
    temp_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = temp_dir / (uuid.uuid4().hex + target.suffix)
    try:
        yield made
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        made.replace(target)
    except BaseException:
        made.unlink(missing_ok=True)
        raise


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write readable JSON (Chinese stays Chinese)."""
    text = json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True, default=_plain)
    path.write_text(text + "\n", encoding="utf-8")


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
