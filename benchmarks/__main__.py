"""`python -m benchmarks [--full] [--only CASE …] [--into FOLDER]`: run the cases and write the report.

`make bench` and `make bench-full` call it. The glue's environment is made beside the scratch folder when it is missing.
"""

import argparse
import signal
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from benchmarks import cases, report
from benchmarks.measure import ROOT


def main() -> None:
    """Run, and say what has come out as it comes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--full", action="store_true", help="the large sizes: hours, 60 GB of disk")
    parser.add_argument("--only", action="append", default=[], choices=cases.NAMES, help="only this case (repeatable)")
    parser.add_argument("--into", type=Path, default=ROOT / ".benchmark", help="where the report and all scratch go")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the towns' PostgreSQL is stopped then, too
    into: Path = given.into.absolute()
    into.mkdir(parents=True, exist_ok=True)
    into.chmod(0o711)  # PostgreSQL's own account passes through
    glue = _glue_environment(into / "glue")
    about, found = report.machine(), []

    def done(case: cases.Case) -> None:
        found.append(case)
        report.write(into, about, found)
        sys.stdout.write(report.markdown(about, [case]).split("\n## ", 1)[1] + "\n")
        sys.stdout.flush()

    with tempfile.TemporaryDirectory(prefix="run-", dir=into) as scratch:
        Path(scratch).chmod(0o711)
        cases.run_all(Path(scratch), cases.FULL if given.full else cases.SMALL, glue, done, given.only)
    sys.stdout.write(f"the report is in {into}\n")


def _glue_environment(folder: Path) -> Path:
    """The Python of the glue's environment, made as its lock says."""
    lock = Path(__file__).resolve().parent / "requirements-glue.lock"
    python, stamp = folder / "bin" / "python", folder / ".installed"
    if not stamp.is_file() or stamp.read_bytes() != lock.read_bytes():
        sys.stdout.write("making the environment of the glue (a minute or two) …\n")
        sys.stdout.flush()
        venv.create(folder, with_pip=True, clear=True)
        pip = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check", "-r", str(lock)]
        subprocess.run(pip, check=True)
        stamp.write_bytes(lock.read_bytes())
    return python


if __name__ == "__main__":
    main()
