"""How a main ends, in a Python of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ENDS = """
import atexit, os, sys, threading, time
from charrec.cli.entry import run_main

class Fragile:
    def __del__(self):  # when Python takes itself apart
        os.write(1, b"apart")
        os._exit(77)

def main(config):
    print("told", end=" ")
    atexit.register(print, "cleared up", end=" ")
    threading.Thread(target=lambda: (time.sleep(0.2), print("joined", end=" "))).start()
    if sys.argv[1:]:
        import torch.distributed
        where = "file://" + os.path.abspath("meeting")
        torch.distributed.init_process_group("gloo", where, rank=0, world_size=1)
    return 3

given, sys.argv[1:] = sys.argv[1:], []
sys.modules["kept"] = Fragile()
def with_group(config):
    sys.argv[1:] = given
    return main(config)
run_main(with_group, "check")
"""


@pytest.mark.parametrize(
    ("arguments", "exit_code", "told"),
    [((), 77, "told joined cleared up apart"), (("group",), 3, "told joined cleared up ")],
)
def test_who_trained_with_others_is_not_taken_apart(
    arguments: tuple[str, ...], exit_code: int, told: str, tmp_path: Path
) -> None:
    """Where the threads of a group of processes may abort one that is through with everything."""
    command = [sys.executable, "-c", ENDS, *arguments]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stderr, done.stdout, done.returncode) == ("", told, exit_code)
