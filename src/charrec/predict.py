"""``python -m charrec.predict``: read new pictures with a run; conf/predict.yaml is the manual."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omegaconf import DictConfig

from charrec.cli.entry import run_main, settings_of
from charrec.cli.heavy import uncollected
from charrec.errors import UserError

if TYPE_CHECKING:
    from charrec.answers import Answers

IN_A_TEXT = {"": "?", "blank": " "}  # what could not be read, and what shows nothing


def main(config: DictConfig) -> None:
    settings = settings_of(config)
    with uncollected():
        from charrec import evaluation  # torch and Lightning: seconds, so only once all is checked
    from charrec.data.letters import summarise
    from charrec.statistics import in_words

    answers, folder = evaluation.predict(
        settings["images"],
        settings["run"],
        settings["checkpoint"],
        settings["out"],
        settings["trainer"],
    )
    _print_answers(answers)
    print(f"Text: {''.join(IN_A_TEXT.get(letter, letter) for letter in answers.letters)}")
    if answers.judged:
        words = in_words(answers.correct, len(answers.judged))
        print(f"Accuracy by the letters in the file names: {words}")
    print(f"Written to {folder}")
    broken = [error for error in answers.errors if error]
    if broken:
        raise UserError(summarise(broken, len(answers.errors), "pictures cannot be read"))


def _print_answers(answers: Answers) -> None:
    from charrec.figures.tables import print_table

    def share(text: str) -> str:
        return f"{float(text):.1%}" if text else ""

    table = [
        (
            row["file"],
            row["letter"],
            share(row["probability"]),
            f"{row['second']} {share(row['second_probability'])}",
            f"{row['third']} {share(row['third_probability'])}",
        )
        for row in answers.rows()
    ]
    print_table(("file", "letter", "probability", "second", "third"), table)


if __name__ == "__main__":
    run_main(main, "predict")
