"""Which packages a format needs, looked for without importing any: ONNX Runtime takes a second."""

from __future__ import annotations

from importlib.util import find_spec

from charrec.errors import UserError
from charrec.rules import one_of

PACKAGES = {
    "onnx": ("onnx", "onnxscript", "onnxruntime"),
    "torch_export": (),
    "safetensors": ("safetensors",),
}
FORMATS = tuple(PACKAGES)


def need_packages(format: str) -> None:
    """Raise UserError for a format that is none, or whose packages are not installed."""
    one_of(FORMATS).check("format", format)
    missing = [name for name in PACKAGES[format] if find_spec(name) is None]
    if missing:
        raise UserError(
            f"format={format} needs {' and '.join(missing)}: pip install 'charrec[export]'"
        )
