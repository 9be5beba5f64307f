"""``python -m charrec.report``: a run on one page; conf/report.yaml is the manual."""

from __future__ import annotations

from omegaconf import DictConfig

from charrec.cli.entry import run_main, settings_of
from charrec.cli.heavy import uncollected
from charrec.closing import pictures, say_next
from charrec.paths import shown_path
from charrec.runs import find_run


def main(config: DictConfig) -> None:
    settings = settings_of(config)
    with uncollected():
        from charrec import reporting  # torch and Lightning: seconds, so only once all is checked

    run = find_run(settings["run"])
    page = reporting.report(run, settings["data"]["root"], settings["checkpoint"], settings["out"])
    print(f"Page: {shown_path(page)} ({page.stat().st_size / 1e6:.1f} MB, needs no network)")
    reads = pictures(run.letters.alphabet) if run.best_checkpoint.exists() else {}
    say_next("report", run.known() | reads)


if __name__ == "__main__":
    run_main(main, "report")
