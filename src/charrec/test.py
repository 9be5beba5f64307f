"""``python -m charrec.test``: how well a run reads letters; conf/test.yaml is the manual."""

from __future__ import annotations

from omegaconf import DictConfig

from charrec.cli.entry import run_main, settings_of
from charrec.cli.heavy import uncollected
from charrec.data.settings import DataSettings
from charrec.runs import find_run


def main(config: DictConfig) -> None:
    settings = settings_of(config)
    with uncollected():
        from charrec import evaluation  # torch and Lightning: seconds, so only once all is checked
    from charrec.closing import of_named_runs, pictures, say_next
    from charrec.figures.tables import print_table
    from charrec.scores import no_letters_table, told

    run = settings["run"] or find_run(None).folder
    answers, folder = evaluation.test(
        run,
        settings["data"]["root"],
        settings["checkpoint"],
        settings["out"],
        settings["trainer"],
        DataSettings(**settings["data"]) if "kind" in settings["data"] else None,
    )
    rows, score = answers.per_letter(), answers.score()
    print_table(list(rows[0]), [list(row.values()) for row in rows])
    print_table(("no letters", "AUROC", "above 50%", "answered blank"), no_letters_table(score))
    print("Test accuracy: " + "\n".join(told(score, several=bool(answers.alone))))
    if answers.alone:
        accuracies = (f"{each.score()['accuracy']:.1%}" for each in answers.alone)
        print(f"Each alone: {', '.join(accuracies)}")
    print(f"Written to {folder}")
    say_next("test", of_named_runs(run) | pictures(answers.alphabet))


if __name__ == "__main__":
    run_main(main, "test")
