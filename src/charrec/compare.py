"""``python -m charrec.compare [DIR ...]``: runs and sweeps side by side, the best first.

::

    python -m charrec.compare                    every run under outputs/
    python -m charrec.compare SWEEP_DIR          the jobs of a sweep
    python -m charrec.compare RUN_DIR SWEEP_DIR

Runs of which only the seed differs are one row, mean ± standard deviation. The validation
accuracy decides. In the folder of a sweep it writes ``compare.csv`` and ``best.json``.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

from charrec.cli.entry import REFUSED, show_warning
from charrec.errors import UserError
from charrec.paths import full_path
from charrec.runs import LEDGER
from charrec.sweep.comparison import show, write_results
from charrec.sweep.results import rank, read_results


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code."""
    description, _, _ = (__doc__ or "").partition("\n\n::")
    parser = argparse.ArgumentParser(prog="python -m charrec.compare", description=description)
    parser.add_argument(
        "folders", metavar="DIR", nargs="*", default=["outputs"], help="of runs or sweeps"
    )
    warnings.showwarning = show_warning
    try:
        compare([full_path(folder) for folder in parser.parse_args(arguments).folders])
    except (UserError, OSError) as error:
        print(f"charrec: {error}", file=sys.stderr)
        return REFUSED
    return 0


def compare(folders: Sequence[Path]) -> None:
    """Print the table of all folders; write those of sweeps.

    Raises:
        UserError: a folder holds no run.
    """
    show(rank(read_results(folders)))
    for folder in folders:
        if (folder / LEDGER).is_file():
            write_results(folder)


if __name__ == "__main__":
    sys.exit(main())
