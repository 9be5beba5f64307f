"""What a run was trained with: versions of packages, and the commit of charrec."""

from __future__ import annotations

import platform
import subprocess
from importlib.metadata import version

from charrec.resources import INSTALLED, PACKAGE

PACKAGES = ("charrec", "torch", "torchvision", "pytorch-lightning", "hydra-core", "pillow")


def versions() -> dict[str, str]:
    return {"python": platform.python_version()} | {name: version(name) for name in PACKAGES}


def git_commit() -> str | None:
    """The commit of the source tree that runs; None for an installed wheel."""
    if INSTALLED:  # perhaps into a folder of a repository that is somebody else's
        return None
    command = ["git", "-C", str(PACKAGE), "describe", "--always", "--dirty", "--abbrev=40"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
