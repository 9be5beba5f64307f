"""The bench: a tiny one for real, and what it makes of times that were worked out by hand."""

from __future__ import annotations

import copy
import json
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from processes import run_module

from benchmarks import bench, prediction, search, table, workers, workloads
from benchmarks.compare import compare, epoch_median, median_ratio, unequal
from benchmarks.launch import ROOT, BenchError, parse
from benchmarks.measures import first_step_seconds, wall_seconds
from benchmarks.probes.made_up import made_up
from benchmarks.race import Plan, race, rotated
from benchmarks.workloads import OURS, PEERS, WORKLOADS
from charrec.learning import letters_of
from charrec.settings import TrainSettings

PRESENT = [name for name, peer in PEERS.items() if peer.present]
ONE_OF_NONE = {"threads": (1,), "workers": (0,)}


def forked(module: str, arguments: Mapping[str, Any], threads: int | None) -> dict[str, Any]:
    """As `benchmarks.launch.launch`, without waiting for the imports of every process."""
    done = run_module(f"benchmarks.{module}", json.dumps(arguments), cwd=ROOT)
    return parse(module, done.exit_code, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def written(letters: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a bench of one workload and all peers has written."""
    out = tmp_path_factory.mktemp("bench")
    where = ["--letters", str(letters), "--alphabet", "ABCD", "--out", str(out)]
    short = ["--quick", "--peers-only", "--workloads", "small", "--epochs", "6", "--repeats", "1"]
    bench.main([*where, *short], forked)
    return out


def results_in(folder: Path) -> dict[str, Any]:
    results = json.loads((folder / "bench.json").read_text(encoding="utf-8"))
    assert isinstance(results, dict)
    return results


def test_every_peer_is_measured(written: Path) -> None:
    results, page = results_in(written), (written / "bench.md").read_text(encoding="utf-8")
    assert [run["peer"] for run in results["runs"]] == PRESENT
    assert [row["peer"] for row in results["rows"]] == PRESENT
    for peer in PRESENT:
        assert page.count(f"| {PEERS[peer].title} |") == 2  # the overview and the workload
    assert results["machine"]["versions"]["torch"] in page
    assert (written / "bench.png").read_bytes().startswith(b"\x89PNG")
    for run in results["runs"]:
        assert len(run["epoch_seconds"]) == len(run["between_seconds"]) == 6
        assert min(run["epoch_seconds"]) > 0
        assert min(run["between_seconds"]) > 0
        assert run["total"] == 24
        assert run["peak_bytes"] > 50 * 2**20


def test_ratios_follow_from_the_times(written: Path) -> None:
    results, page = results_in(written), (written / "bench.md").read_text(encoding="utf-8")
    seconds = {r["peer"]: sorted(r["epoch_seconds"][1:])[2] for r in results["runs"]}
    for row in results["rows"]:
        assert row["epoch"] == seconds[row["peer"]]
        assert row["ratio"] == pytest.approx(seconds[OURS] / seconds[row["peer"]])
        (line, _) = [
            x for x in page.splitlines() if x.startswith(f"| {PEERS[row['peer']].title} |")
        ]
        assert row["peer"] == OURS or f"; {row['ratio']:.2f}" in line


def test_charrec_is_timed_as_it_times_itself(written: Path) -> None:
    ours = [run for run in results_in(written)["runs"] if run["peer"].startswith(OURS)]
    for run in ours:
        told = run["details"]["recorded_median"]
        assert told == pytest.approx(statistics.median(run["epoch_seconds"][1:]), abs=1e-5)


@pytest.mark.parametrize("peer", [name for name in PRESENT if name != OURS])
def test_a_peer_that_learns_something_else_is_told(
    peer: str, written: Path, tmp_path: Path
) -> None:
    results = copy.deepcopy(results_in(written))
    for run in results["runs"]:
        run["correct"] = 0 if run["peer"] == peer else 24
    with pytest.raises(BenchError, match=r"small, cpu: .* reads 0\.0% .*, charrec 100\.0%"):
        bench.conclude(results, tmp_path)
    assert "**Not comparable:**" in (tmp_path / "bench.md").read_text(encoding="utf-8")
    assert len(results_in(tmp_path)["unequal"]) == 1


def test_a_bench_that_fails_ends_with_a_message(letters: Path, tmp_path: Path) -> None:
    def broken(*arguments: object) -> dict[str, Any]:
        return parse("peers.broken", 1, "", "no such thing")

    where = ["--letters", str(letters), "--quick", "--out", str(tmp_path)]
    with pytest.raises(SystemExit, match=r"^bench: benchmarks\.peers\.broken ended .*\nno such"):
        bench.main(where, broken)
    assert list(tmp_path.iterdir()) == []


def test_without_scikit_learn_its_row_is_left_out(
    letters: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workloads, "find_spec", lambda name: None if name == "sklearn" else name)
    where = ["--letters", str(letters), "--out", str(tmp_path), "--peers-only", "--quick"]
    bench.main(where, pretend)
    page = (tmp_path / "bench.md").read_text(encoding="utf-8")
    assert "Left out, because it is not installed: scikit-learn's MLPClassifier." in page
    assert "| scikit-learn" not in page
    assert "| raw PyTorch loop |" in page


SECONDS = {  # of an epoch, by module and threads
    ("charrec_train", None): 2.0,
    ("raw_pytorch", 1): 5.0,
    ("raw_pytorch", 2): 4.0,
    ("scikit_learn", 1): 2.5,
    ("scikit_learn", 2): 3.0,
    ("lightning_template", 1): 20.0,
    ("lightning_template", 2): 20.0,
    ("course_script", 1): 30.0,
    ("course_script", 2): 30.0,
}


def pretend(module: str, task: Mapping[str, Any], threads: int | None) -> dict[str, Any]:
    """An answer as from a peer; with workers the course's script takes 10 s less."""
    if task["device"] == "cuda":
        spent = 0.5 if module == "peers.charrec_train" else 0.25
    else:
        spent = SECONDS[module.removeprefix("peers."), threads] - 5 * task["workers"]
    epochs = task["epochs"]
    noise = [100.0, *([spent] * (epochs - 1))]  # the first one warms up
    details = {"validation_seconds": [0.1] * epochs, "checkpoint_seconds": [0.3] * epochs}
    return {
        "epoch_seconds": noise, "between_seconds": [0.5] * epochs, "correct": 500, "total": 1000,
        "peak_bytes": 2**30, "details": details if "charrec" in module else {},
    }  # fmt: skip


def plan(**changes: Any) -> Plan:
    usual: dict[str, Any] = {
        "root": "letters", "alphabet": "AB", "epochs": 4, "repeats": 2, "workloads": ["small"],
    }  # fmt: skip
    return Plan(**usual | changes)


@pytest.fixture
def everything_present(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workloads, "find_spec", lambda name: name)


@pytest.mark.usefixtures("everything_present")
def test_each_peer_races_as_it_is_fastest() -> None:
    runs, trials = race(plan(), pretend)
    chosen = {(run["peer"], run["threads"], run["workers"]) for run in runs}
    assert ("raw_pytorch", 2, 0) in chosen
    assert ("scikit_learn", 1, 0) in chosen
    assert ("course_script", 1, 2) in chosen
    assert len(chosen) == len(PEERS)
    assert len(trials) == 2 + 2 + 2 + 4  # charrec needs none
    rows = {row.peer: row for row in compare(runs)}
    assert rows["raw_pytorch"].ratio == pytest.approx(2 / 4)
    assert rows["scikit_learn"].ratio == pytest.approx(2 / 2.5)
    assert rows["course_script"].ratio == pytest.approx(2 / 20)
    assert rows["raw_pytorch"].met is True  # 0.5 is just allowed
    assert rows["course_script"].met is False  # 0.07 is allowed
    assert rows[OURS].ratio == 1
    assert rows[OURS].met is None


@pytest.mark.usefixtures("everything_present")
def test_repeats_are_interleaved_and_begin_elsewhere() -> None:
    runs, _ = race(plan(**ONE_OF_NONE), pretend)
    peers = [run["peer"] for run in runs]
    assert peers == [*PEERS, *rotated(list(PEERS), 1)]
    assert [run["seed"] for run in runs] == [2024] * len(PEERS) + [2025] * len(PEERS)
    assert rotated("abc", 0) == ["a", "b", "c"]
    assert rotated("abc", 4) == ["b", "c", "a"]


@pytest.mark.usefixtures("everything_present")
def test_where_there_is_a_gpu_it_has_columns() -> None:
    runs, _ = race(plan(**ONE_OF_NONE, gpu=True), pretend)
    rows = compare(runs)
    by_peer = {row.peer: row for row in rows}
    assert by_peer["raw_pytorch"].gpu_ratio == pytest.approx(0.5 / 0.25)
    assert by_peer["course_script"].gpu_epoch is None
    lines = table.detail(rows).splitlines()
    assert lines[0].endswith("| GPU epoch | GPU ratio |")
    (raw,) = [line for line in lines if line.startswith("| raw PyTorch")]
    assert raw.endswith("| 250 ms | 2.00 |")
    assert len({line.count("|") for line in lines}) == 1
    assert "GPU" not in table.detail(compare([run for run in runs if run["device"] == "cpu"]))


def test_median_of_epochs_leaves_the_first_one_out() -> None:
    assert epoch_median([9.0, 1.0, 4.0, 2.0]) == 2.0
    assert epoch_median([9.0, 1.0, 2.0]) == 1.5
    assert epoch_median([9.0]) == 9.0


def test_ratio_is_the_median_of_the_repeats() -> None:
    # A repeat in which the machine was three times slower for both changes nothing.
    assert median_ratio([1.0, 3.0, 1.0], [2.0, 6.0, 4.0]) == 0.5
    assert median_ratio([1.0, 1.0], [2.0, 4.0]) == 0.375


def run_of(peer: str, correct: int) -> dict[str, Any]:
    return {
        "workload": "small", "peer": peer, "device": "cpu", "repeat": 0, "threads": 1,
        "workers": 0, "epoch_seconds": [1.0], "between_seconds": [0.1], "correct": correct,
        "total": 1000, "peak_bytes": 1, "details": {},
    }  # fmt: skip


@pytest.mark.parametrize(("theirs", "told"), [(500, False), (550, False), (570, True), (430, True)])
def test_accuracies_within_noise(theirs: int, told: bool) -> None:
    """Of 1000 pictures, 500 right mean 46.9 % to 53.1 %; 550: 51.9 %, 570: 53.9 %, 430: 46.1 %."""
    assert bool(unequal([run_of(OURS, 500), run_of("raw_pytorch", theirs)])) is told


def test_accuracy_on_a_gpu_is_checked_too() -> None:
    runs = [run_of(OURS, 500), run_of(OURS, 100) | {"device": "cuda"}]
    (problem,) = unequal(runs)
    assert problem.startswith("small, cuda: charrec reads 10.0%")


def test_validation_and_logging_as_shares_of_an_epoch() -> None:
    run = run_of(OURS, 500) | {"epoch_seconds": [9.0, 2.0], "between_seconds": [9.0, 0.5]}
    run["details"] = {"validation_seconds": [9.0, 0.1], "checkpoint_seconds": [9.0, 0.3]}
    (fact,) = table.share_facts([run])
    assert fact.measured == "5.0% + 5.0% (checkpoints 15.0%)"  # 0.1, 0.1 and 0.3 of 2 s
    assert fact.goal == "10 % of an epoch"


def test_facts_of_charrec_alone() -> None:
    startup = {
        "help": [0.3], "settings": [0.4], "wrong": [1.2], "imports": [2.0, 2.0, 9.0],
        "first_step_cached": [2.5], "first_step_uncached": [4.0],
    }  # fmt: skip
    told = {fact.what: (fact.measured, fact.met) for fact in table.startup_facts(startup)}
    assert told["`--help` answers"] == ("300 ms", True)
    assert told["a wrong setting answers"] == ("1.20 s", False)
    step = "first training step done, pictures"
    assert told[f"{step} cached"] == ("2.50 s, 1.25 times the imports", True)
    assert told[f"{step} uncached"] == ("4.00 s, 2.00 times the imports", None)
    memory = {"pictures": 800_000, "pixel_bytes": 100, "grown_bytes": 131}
    assert table.memory_fact(memory).measured == "1.31 times their pixels"
    assert table.memory_fact(memory).met is False
    (growth,) = table.growth_facts({"epochs": {"1": 0.5, "4": 1.5, "16": 6.0}})
    assert growth.measured == "1x 500 ms, 4x 1.50 s, 16x 6.00 s: 12.0 times"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.00123, "1.23 ms"), (0.0456, "45.6 ms"), (0.789, "789 ms"), (12.34, "12.3 s")],
)
def test_seconds_in_three_digits(seconds: float, text: str) -> None:
    assert table.seconds_text(seconds) == text


def test_markdown_table() -> None:
    lines = table.markdown(["who", "how long"], [["a", "1 s"], ["b", "2 s"]]).splitlines()
    assert lines == ["| who | how long |", "| --- | ---: |", "| a | 1 s |", "| b | 2 s |"]


def test_workloads_are_told_in_words() -> None:
    titles = [workload.title for workload in WORKLOADS.values()]
    assert titles == [
        "batch 8, 32 hidden units, SGD",
        "batch 64, 64 hidden units, Adam",
        "batch 256, 512-256 hidden units, AdamW",
    ]


def test_probes_answer(letters: Path) -> None:
    loaded = forked("probes.loading", {"root": str(letters), "alphabet": "ABCD"}, None)
    assert loaded["pictures"] == 144
    read = forked("probes.prediction", {"pictures": 2000, "hsize": 4}, None)
    assert read["seconds"] > 0


@pytest.mark.slow
def test_probes_that_train_answer() -> None:
    held = forked("probes.memory", {"pictures": 3000}, None)
    assert held["pixel_bytes"] == 3000 * 28 * 28
    grown = forked("probes.growth", {"pictures": 64, "epochs": 1}, None)
    assert [list(seconds) for seconds in grown.values()] == [["1", "4", "16"]] * 2
    assert len(table.growth_facts(grown)) == 2


def test_a_command_is_timed_only_if_it_ends_as_it_should() -> None:
    assert wall_seconds(("-c", "import time; time.sleep(0.1)"), 0) > 0.1
    with pytest.raises(BenchError, match="ended with 3"):
        wall_seconds(("-c", "raise SystemExit(3)"), 0)


@pytest.mark.slow
def test_first_step_of_the_command(letters: Path) -> None:
    assert 0.5 < first_step_seconds(str(letters), "ABCD") < 120


def test_search_beside_random_points(tmp_path: Path) -> None:
    """What it makes of accuracies and statuses that were written by hand."""
    ledger = (
        "status,best_validation_accuracy\ncompleted,0.25\npruned,0.75\ncompleted,0.5\nfailed,\n"
    )
    (tmp_path / "0").mkdir()
    (tmp_path / "ledger.csv").write_text(ledger)
    (tmp_path / "0" / "metrics.csv").write_text("epoch\n1\n2\n")
    found = search.read(tmp_path)
    assert (found["completed"], found["pruned"], found["epochs"]) == (2, 1, 2)
    assert [search.best_after(found, n) for n in (1, 2, 3, 4)] == [0.25, 0.25, 0.5, 0.5]
    assert search.spread([0.25, 0.75]) == "50.0% ± 35.4% (25.0%, 75.0%)"


def test_the_page_of_the_search_is_that_of_its_results() -> None:
    results = ROOT / "benchmarks" / "results"
    told = json.loads((results / "search.json").read_text())
    assert (results / "search.md").read_text() == search.page(told) + "\n"


# Two workers beside one


def sweeps_of(one: float, two: float, accuracy: str = "0.5") -> dict[str, Any]:
    jobs = [{"hsize": "32", "test_accuracy": value} for value in ("0.5", accuracy)]
    return {
        "machine": {"date": "2026-01-01", "cores": 2, "processor": "some"},
        "command": "-m epochs=1",
        "sweeps": [
            {"workers": 1, "seconds": one, "jobs": jobs[:1]},
            {"workers": 2, "seconds": two, "jobs": jobs[1:]},
        ],
        "ratio": round(one / two, 2),
        "same_accuracies": jobs[0] == jobs[1],
    }


@pytest.mark.parametrize(
    ("results", "wrong"),
    [
        (sweeps_of(400, 240), []),
        (sweeps_of(400, 260), ["two workers were 1.54 times as fast, not 1.6"]),
        (sweeps_of(300, 150), ["one worker took 300 s, less than 360"]),
        (sweeps_of(400, 200, "0.6"), ["the accuracies differ"]),
    ],
)
def test_what_is_wrong_with_workers_is_told(results: dict[str, Any], wrong: list[str]) -> None:
    assert workers.shortcomings(results) == wrong
    written = workers.page(results)
    assert f"| 1 | {results['sweeps'][0]['seconds']} | 1 |" in written
    assert written.count("**Not what was to be measured:**") == len(wrong)


def test_made_up_letters_are_what_is_trained_on() -> None:
    with made_up(50):
        letters = letters_of(TrainSettings())
        letters.setup()
    assert len(letters.images["train"]) == 50


# Reading many pictures


def test_reading_many_pictures_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prediction, "NETWORKS", {"default": ()})
    monkeypatch.setattr(prediction, "SLOW", 20)
    monkeypatch.setattr(prediction, "ENOUGH_SHARE", 0.0)
    prediction.main(["--pictures", "50", "--repeats", "2", "--out", str(tmp_path)], forked)
    results = json.loads((tmp_path / "prediction.json").read_text(encoding="utf-8"))
    row = results["speed"]["default"]
    assert (row["pictures"], len(row["decode"]), len(row["predict"])) == (50, 2, 2)
    assert results["peak_bytes"]["50"] > 50 * 2**20
    page = (tmp_path / "prediction.md").read_text(encoding="utf-8")
    assert f"| {prediction.rate(row, 'predict'):,.0f} | {prediction.share(row):.0%} | " in page
    assert "Not what was asked" not in page


def test_pictures_to_read_are_of_both_kinds_and_name_their_letter(tmp_path: Path) -> None:
    folder = prediction.make_pictures(tmp_path / "many", 7801)
    names = [path.name for path in folder.iterdir()]
    assert len(names) == 7801
    assert {name.rpartition(".")[2] for name in names} == {"jpg", "png"}
    assert len({name.rpartition("_")[2][0] for name in names}) == 26


@pytest.mark.parametrize(
    ("seconds", "worked", "mebibytes", "wrong"),
    [
        ([1.25, 1.25, 9.0], 1.2, 64, []),
        ([1.3, 1.3, 1.0], 1.0, 64, ["the default run reaches 77% of decoding, not 80%"]),
        ([1.0, 1.0, 1.0], 1.3, 64, ["the default run reaches 77% of decoding, not 80%"]),
        ([1.0, 1.0, 1.0], 1.0, 65, ["memory grows by 65 MiB"]),
    ],
)
def test_what_reading_must_reach(
    seconds: list[float], worked: float, mebibytes: int, wrong: list[str]
) -> None:
    one = [1.0, 1.0, 1.0]
    cpu = {"decode_cpu": one, "predict_cpu": [worked] * 3}
    row = {"pictures": 9, "decode": one, "predict": seconds, **cpu}
    peaks = {"10": 2**29, "1000": 2**29 + mebibytes * 2**20}
    assert prediction.shortcomings({"speed": {"default": row}, "peak_bytes": peaks}) == wrong
