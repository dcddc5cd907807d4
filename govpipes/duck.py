"""DuckDB connections: bounded, offline, with the extensions of the installed wheels.

The one place that opens a DuckDB connection. What is done with it belongs elsewhere.
"""

from importlib.util import find_spec
from pathlib import Path

import duckdb

from govpipes.errors import SettingsError
from govpipes.settings import Settings
from govpipes.sql import literal

PARQUET = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, PARQUET_VERSION V2"
"""How our own files are written: smaller, and quicker to write and to read, than by DuckDB's default."""

LANDED = f"{PARQUET}, ROW_GROUP_SIZE 40960"
"""The same for landings: a row group is one thread's work, and a day of 100,000 rows should be several threads'."""

_SHARE = 0.8
"""DuckDB's part of the memory a process may use: measured, a process needs up to 0.8 GB beside what DuckDB counts."""

_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}


def connect(settings: Settings, *extensions: str) -> duckdb.DuckDBPyConnection:
    """An in-memory connection with the settings' threads and memory, in Asia/Shanghai, with `extensions` loaded.

    Raises SettingsError when an extension's wheel is not installed.
    """
    settings.ensure_home()
    con = duckdb.connect(":memory:", config=_CONFIG)
    con.execute(f"SET threads = {settings.threads}")
    con.execute(f"SET memory_limit = {literal(f'{round(settings.memory_gb * _SHARE * 1000)}MB')}")
    con.execute(f"SET temp_directory = {literal(settings.temp_dir)}")
    con.execute("SET TimeZone = 'Asia/Shanghai'")
    con.execute("SET enable_progress_bar = false")
    for name in extensions:
        con.execute(f"LOAD {literal(extension_file(name))}")
    return con


def extension_file(name: str) -> Path:
    """The signed extension file inside the wheel `duckdb-extension-<name>`."""
    package = f"duckdb_extension_{name}"
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise SettingsError(
            f"the DuckDB extension {name} is not installed",
            next_step=f"install duckdb-extension-{name.replace('_', '-')}=={duckdb.__version__} (requirements.lock)",
        )
    folder = Path(spec.submodule_search_locations[0])
    file = folder / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"
    if not file.is_file():
        raise SettingsError(
            f"the DuckDB extension {name} is for another DuckDB",
            found=", ".join(p.name for p in (folder / "extensions").glob("*")) or "no version",
            allowed=f"v{duckdb.__version__}",
        )
    return file
