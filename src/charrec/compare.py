"""``python -m charrec.compare [DIR ...]``: runs and sweeps side by side, the best first.

::

    python -m charrec.compare                    every run under outputs/
    python -m charrec.compare SWEEP_DIR          the jobs of a sweep
    python -m charrec.compare RUN_DIR SWEEP_DIR

Runs of which only the seed differs are one row, mean ± standard deviation. The validation
accuracy decides. Table, effects of the settings, figures and a page (``compare.html``) are written
into the folder of the sweep, with ``best.json``; for anything else than one sweep into a new
folder ``outputs/compare/DATE_TIME_xxxx``, or into --out.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

from charrec.cli.entry import REFUSED, show_warning
from charrec.cli.explain import explain
from charrec.cli.streams import finish, outlets
from charrec.errors import UserError
from charrec.new_folders import output_folder
from charrec.paths import full_path, shown_path
from charrec.runs import LEDGER
from charrec.saying import complain
from charrec.sweep.comparison import write_records, write_results, write_views
from charrec.sweep.effects import effects_in
from charrec.sweep.results import Result, rank, read_results
from charrec.sweep.words import say_next_after, show


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code."""
    description, _, _ = (__doc__ or "").partition("\n\n::")
    parser = argparse.ArgumentParser(prog="python -m charrec.compare", description=description)
    parser.add_argument(
        "folders", metavar="DIR", nargs="*", default=["outputs"], help="of runs or sweeps"
    )
    parser.add_argument(
        "--out",
        metavar="DIR",
        help="where the files go; else into the folder of the sweep where it is one alone, "
        "or into a new one under outputs/compare/",
    )
    with outlets():
        given = parser.parse_args(arguments)
        return _exit_code_of([full_path(folder) for folder in given.folders], given.out)


def _exit_code_of(folders: Sequence[Path], out: str | None) -> int:
    warnings.showwarning = show_warning
    try:
        compare(folders, out)
        finish(sys.stdout)
    except (UserError, OSError) as error:
        complain(error if isinstance(error, UserError) else explain(error, "train"))
        return REFUSED
    return 0


def compare(folders: Sequence[Path], out: str | Path | None = None) -> None:
    """Print the comparison of all runs in the folders, and write it.

    Args:
        out: where to; None means the folder of the sweep where it is one, else a new one.

    Raises:
        UserError: a folder holds no run.
    """
    folders = list(dict.fromkeys(folders))
    results = read_results(folders)
    experiments = rank(results)
    if not experiments:
        raise UserError("no run that can be read; see the warnings above")
    effects = effects_in(experiments)
    show(experiments, effects)
    sweeps = [folder for folder in folders if (folder / LEDGER).is_file()]
    alone = out is None and folders == sweeps and len(sweeps) == 1
    for sweep in sweeps:
        with nullcontext() if alone else _told_if_it_cannot(sweep):
            _write_those_of(sweep, results)
    if alone:
        place = sweeps[0]
    else:
        place = output_folder(out, Path("outputs") / "compare")
        write_records(place, experiments, effects)
    print(f"Page: {shown_path(write_views(place, experiments, effects))}")
    say_next_after("compare", experiments)


@contextmanager
def _told_if_it_cannot(sweep: Path) -> Iterator[None]:
    """A sweep may be somebody else's, who has given it to be read."""
    try:
        yield
    except OSError as error:
        told = f"its own compare.csv and best.json stay as they were ({error.strerror})"
        warnings.warn(f"{shown_path(sweep)} cannot be written to: {told}", stacklevel=4)


def _write_those_of(sweep: Path, results: Sequence[Result]) -> None:
    """The records of a sweep, which may be compared with more than itself."""
    real = sweep.resolve()
    write_results(sweep, [r for r in results if r.folder.resolve().is_relative_to(real)])


if __name__ == "__main__":
    sys.exit(main())
