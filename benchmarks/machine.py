"""What the figures were measured on: without it they mean nothing."""

from __future__ import annotations

import os
import platform
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("charrec", "torch", "pytorch-lightning", "torchmetrics", "scikit-learn", "numpy")


def processor() -> str:
    """The processor's name, as Linux knows it, or its kind."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text().splitlines() if told.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def cores() -> int:
    """Those that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def gpu() -> str | None:
    """The name of the GPU that PyTorch finds."""
    import torch

    return torch.cuda.get_device_name() if torch.cuda.is_available() else None


def package_version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def describe() -> dict[str, object]:
    return {
        "date": date.today().isoformat(),
        "processor": processor(),
        "cores": cores(),
        "gpu": gpu(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: package_version(name) for name in PACKAGES},
    }
