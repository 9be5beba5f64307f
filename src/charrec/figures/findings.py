"""The examination of a folder of letters, for the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from charrec.data.findings import Examination
from charrec.data.letters import SPLITS
from charrec.figures.tables import print_table

VERDICTS = {
    "refused": "Training refuses these letters.",
    "warned": "These letters can be learned, but something is wrong with them.",
    "good": "Nothing is wrong with these letters.",
}
NAMED = 3  # cases a kind of finding; check.json has them all


def print_examination(examination: Examination) -> None:
    print_table(("letter", *SPLITS), list(_counts(examination)))
    print(_in_a_line(examination))
    findings = list(_findings(examination))
    if findings:
        print_table(("training", "count", "what", "which"), findings)
    print(VERDICTS[examination.verdict])


def _counts(examination: Examination) -> Iterator[list[str]]:
    for letter in examination.alphabet:
        yield [letter, *(f"{examination.listed[split][letter]:,}" for split in SPLITS)]
    yield ["all", *(f"{examination.listed[split].total():,}" for split in SPLITS)]


def _in_a_line(examination: Examination) -> str:
    record = examination.record()
    kinds = [
        ", ".join(f"{count:,} {name}" for name, count in record[key].items())
        for key in ("formats", "modes")
    ]
    sides = [
        "{min} to {max} pixels {0} (median {median:g})".format(way, **record[side])
        for side, way in (("width", "wide"), ("height", "high"))
        if record[side]
    ]
    return "; ".join([f"{len(examination.about):,} pictures decoded", *filter(None, kinds), *sides])


def _findings(examination: Examination) -> Iterator[list[str]]:
    for level, what, cases in examination.findings():
        more = f" and {len(cases) - NAMED:,} more" if len(cases) > NAMED else ""
        yield [level, f"{len(cases):,}", what, "; ".join(map(str, cases[:NAMED])) + more]
