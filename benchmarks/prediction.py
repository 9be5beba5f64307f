"""Measure how near `predict` comes to decoding alone: writes prediction.md and prediction.json.

    python -m benchmarks.prediction                    (100,000 pictures; some ten minutes)
    python -m benchmarks.prediction --pictures 8192    (a look, not a measurement)

The embedded letters, JPEG and PNG, are linked under new names until there are enough of them.
Decoding alone and the whole of ``charrec.evaluation.predict``, listing, loading the network, CSV
and figure included, take turns in one process. The peak memory of the process is measured in
others, one for each number of pictures. It fails where the default run reads less than 80 % of the
pictures a second that decoding alone reaches, or memory grows by more than 64 MiB.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import machine
from benchmarks.launch import BenchError, Launch, launch
from benchmarks.table import write_results

RESULTS = Path(__file__).parent / "results"
NETWORKS = {"default": (), "small": ("experiment=small",), "best": ("experiment=best",)}
SLOW = 8192  # pictures for those whose network takes longer than decoding does
ENOUGH_SHARE, MOST_GROWTH = 0.8, 64 * 2**20


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for what is written")
    return parser.parse_args(arguments)


def make_pictures(folder: Path, count: int) -> Path:
    """So many, named by number and letter, in a folder of their own."""
    from charrec.data.letters import SPLITS
    from charrec.resources import embedded_letters

    root = embedded_letters()
    lists = [json.loads((root / f"{split}.json").read_text("utf-8")) for split in SPLITS]
    letters = [pair for entries in lists for pair in entries.items()]
    folder.mkdir()
    for number, (name, letter) in enumerate(islice(cycle(letters), count)):
        place = folder / f"{number}_{letter}{Path(name).suffix}"
        try:
            os.link(root / "images" / name, place)
        except OSError:  # another file system
            shutil.copyfile(root / "images" / name, place)
    return folder


def make_letters(folder: Path) -> Path:
    """A few of the embedded letters, to make runs from: what they learn does not matter here."""
    from charrec.data.letters import SPLITS
    from charrec.resources import embedded_letters

    root = embedded_letters()
    folder.mkdir()
    (folder / "images").symlink_to(root / "images")
    for split in SPLITS:
        entries = json.loads((root / f"{split}.json").read_text("utf-8"))
        few = {letter: name for name, letter in entries.items()}
        chosen = {name: letter for letter, name in few.items()}
        (folder / f"{split}.json").write_text(json.dumps(chosen), "utf-8")
    return folder


def make_run(letters: Path, folder: Path, overrides: Sequence[str]) -> Path:
    from hydra import compose, initialize_config_dir

    from charrec.cli.entry import settings_of
    from charrec.resources import resource
    from charrec.settings import TrainSettings
    from charrec.training import train

    given = [*overrides, f"data.root={letters}", "epochs=1", "trainer=cpu"]
    with initialize_config_dir(str(resource("conf")), version_base="1.3"):
        config = compose("train", overrides=given)
    return train(TrainSettings.from_config(settings_of(config)), folder).folder


def gather(chosen: argparse.Namespace, measure: Launch) -> dict[str, Any]:
    counts = sorted({min(count, chosen.pictures) for count in (1000, 20_000, chosen.pictures)})
    with TemporaryDirectory() as name:
        place = Path(name)
        letters = make_letters(place / "letters")
        runs = {n: make_run(letters, place / n, given) for n, given in NETWORKS.items()}
        folders = {
            count: str(make_pictures(place / str(count), count)) for count in {*counts, SLOW}
        }

        def streams(network: str, count: int, repeats: int) -> dict[str, Any]:
            first = {"images": folders[counts[0]], "pictures": counts[0]}
            asked = {"images": folders[count], "pictures": count, "run": str(runs[network])}
            return measure("probes.streams", asked | {"repeats": repeats, "first": first}, None)

        memory = {count: streams("default", count, 0)["peak_bytes"] for count in counts}
        speed = {}
        for network in NETWORKS:
            count = chosen.pictures if network == "default" else min(SLOW, chosen.pictures)
            found = streams(network, count, chosen.repeats)
            speed[network] = {"pictures": count, **found}
            print(network, rate(speed[network], "decode"), rate(speed[network], "predict"))
    return {"machine": machine.describe(), "speed": speed, "peak_bytes": memory}


def rate(row: dict[str, Any], work: str) -> float:
    """Pictures a second."""
    return float(row["pictures"] / median(row[work]))


def share(row: dict[str, Any], of: str = "") -> float:
    """Of decoding's rate, the median over the turns: those of one turn saw the same machine."""
    pairs = zip(row[f"decode{of}"], row[f"predict{of}"], strict=True)
    return float(median(decode / predict for decode, predict in pairs))


def shortcomings(results: dict[str, Any]) -> list[str]:
    row = results["speed"]["default"]
    reached = min(share(row), share(row, "_cpu"))
    peaks = results["peak_bytes"].values()
    growth = max(peaks) - min(peaks)
    found = [
        (reached < ENOUGH_SHARE, f"the default run reaches {reached:.0%} of decoding, not 80%"),
        (growth > MOST_GROWTH, f"memory grows by {growth / 2**20:.0f} MiB"),
    ]
    return [text for wrong, text in found if wrong]


def page(results: dict[str, Any]) -> str:
    about = results["machine"]
    return "\n".join(
        [
            "# Reading many pictures",
            "",
            f"`python -m benchmarks.prediction`, {about['date']}, {about['cores']} cores",
            f"({about['processor']}). Small pictures, JPEG and PNG, that the system has in memory;",
            "medians of turns, in which decoding alone and `predict` alternate.",
            "",
            "| run | pictures | decoding alone, a second | `predict`, a second | share |"
            " by CPU time |",
            "|---|---|---|---|---|---|",
            *(
                f"| {network} | {row['pictures']:,} | {rate(row, 'decode'):,.0f} | "
                f"{rate(row, 'predict'):,.0f} | {share(row):.0%} | {share(row, '_cpu'):.0%} |"
                for network, row in results["speed"].items()
            ),
            "",
            "`predict` lists the folder, loads the network, reads, writes the CSV and draws the",
            "figure. `small` and `best` look at a picture nine times: there the network is what",
            "takes the time. The share by CPU time, of all processes together, is what is left",
            "where the machine has nothing else to do, and no core to spare.",
            "",
            "| pictures | peak memory of the process (default run) |",
            "|---|---|",
            *(
                f"| {int(count):,} | {peak / 2**20:.0f} MiB |"
                for count, peak in results["peak_bytes"].items()
            ),
            "",
            *(f"**Not what was asked:** {text}.\n" for text in shortcomings(results)),
        ]
    )


def main(arguments: Sequence[str] | None = None, measure: Launch = launch) -> None:
    chosen = parse(arguments)
    try:
        results = gather(chosen, measure)
    except BenchError as error:
        sys.exit(f"prediction: {error}")
    write_results(chosen.out / "prediction", results, page(results))
    if wrong := shortcomings(results):
        sys.exit(f"prediction: {'; '.join(wrong)}")


if __name__ == "__main__":
    main()
