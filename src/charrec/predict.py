"""``python -m charrec.predict``: read new pictures with a run; conf/predict.yaml is the manual."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omegaconf import DictConfig

from charrec.cli.entry import run_main, settings_of
from charrec.cli.heavy import uncollected
from charrec.cli.progress import progress_of_reading
from charrec.closing import of_named_runs, say_next
from charrec.errors import UserError
from charrec.runs import find_run

if TYPE_CHECKING:
    from charrec.answers import Answers

IN_A_TEXT = {"": "?", "blank": " "}  # what could not be read, and what shows nothing
WHOLE, ENDS = 60, 10  # pictures whose table and text are printed whole, and of more how many
COLUMNS = ("file", "letter", "probability", "second", "third")


def main(config: DictConfig) -> None:
    settings = settings_of(config)
    with uncollected():
        from charrec import evaluation  # torch and Lightning: seconds, so only once all is checked
    from charrec.data.letters import summarise
    from charrec.statistics import in_words

    run = settings["run"] or find_run(None).folder
    with progress_of_reading() as tell:
        answers, folder = evaluation.predict(
            settings["images"],
            run,
            settings["checkpoint"],
            settings["out"],
            settings["trainer"],
            tell,
        )
    _print_answers(answers)
    print(f"Text: {_text_of(answers)}")
    if answers.judged:
        words = in_words(answers.correct, len(answers.judged))
        print(f"Accuracy by the letters in the file names: {words}")
    print(f"Written to {folder}")
    say_next("predict", of_named_runs(run))
    broken = [error for error in answers.errors if error]
    if broken:
        raise UserError(summarise(broken, len(answers.errors), "pictures cannot be read"))


def _print_answers(answers: Answers) -> None:
    """All of them where they are few, else the first and the last."""
    from charrec.figures.tables import print_table

    count = len(answers.files)
    if count <= WHOLE:
        print_table(COLUMNS, _cells_of(answers))
        return
    first, last = answers.part(slice(ENDS)), answers.part(slice(count - ENDS, None))
    between = ("...", *("" for _ in COLUMNS[1:]))
    print_table(COLUMNS, [*_cells_of(first), between, *_cells_of(last)])
    print(f"The other {count - 2 * ENDS:,} are in predictions.csv")


def _cells_of(answers: Answers) -> list[tuple[str, ...]]:
    def share(text: str) -> str:
        return f"{float(text):.1%}" if text else ""

    return [
        (
            row["file"],
            row["letter"],
            share(row["probability"]),
            f"{row['second']} {share(row['second_probability'])}",
            f"{row['third']} {share(row['third_probability'])}",
        )
        for row in answers.rows()
    ]


def _text_of(answers: Answers) -> str:
    count = len(answers.files)
    letters = answers.part(slice(WHOLE)).letters
    text = "".join(IN_A_TEXT.get(letter, letter) for letter in letters)
    return text if count <= WHOLE else f"{text}... ({count:,} letters)"


if __name__ == "__main__":
    run_main(main, "predict")
