"""``python -m charrec.test``: how well a run reads letters; conf/test.yaml is the manual."""

from __future__ import annotations

from omegaconf import DictConfig

from charrec.cli.entry import run_main, settings_of
from charrec.cli.heavy import uncollected
from charrec.data.settings import DataSettings


def main(config: DictConfig) -> None:
    settings = settings_of(config)
    with uncollected():
        from charrec import evaluation  # torch and Lightning: seconds, so only once all is checked
    from charrec.figures.tables import print_table
    from charrec.statistics import in_words

    answers, folder = evaluation.test(
        settings["run"],
        settings["data"]["root"],
        settings["checkpoint"],
        settings["out"],
        settings["trainer"],
        DataSettings(**settings["data"]) if "kind" in settings["data"] else None,
    )
    rows = answers.per_letter()
    print_table(list(rows[0]), [list(row.values()) for row in rows])
    print(f"Test accuracy: {in_words(answers.correct, len(answers.judged))}")
    print(f"Written to {folder}")


if __name__ == "__main__":
    run_main(main, "test")
