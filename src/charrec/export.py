"""``python -m charrec.export``: a run as one file for elsewhere; conf/export.yaml is the manual."""

from __future__ import annotations

from omegaconf import DictConfig

from charrec.cli.entry import run_main, settings_of
from charrec.cli.heavy import uncollected
from charrec.closing import of_runs, say_next
from charrec.runs import find_readers
from charrec.saying import say


def main(config: DictConfig) -> None:
    settings = settings_of(config)
    with uncollected():
        from charrec import exporting  # torch and Lightning: seconds, so only once all is checked
    from charrec.paths import shown_path

    runs = find_readers(settings["run"])
    done = exporting.export_proved(
        runs, settings["format"], settings["out"], settings["checkpoint"]
    )
    if done.proof is not None:
        least = f"{done.proof.difference:.1e}"
        say(f"Checked on {done.proof.pictures} pictures: probabilities differ by {least} at most")
    size = done.path.stat().st_size
    say(f"Written to {shown_path(done.path)} ({size:,} bytes), with {done.card.name} beside it")
    alone = len(runs) == 1
    say_next("export", runs[0].known() if alone else of_runs([run.folder for run in runs]))


if __name__ == "__main__":
    run_main(main, "export")
