"""Short programs that use an exported file: read `letter.png` with it, or show its weights."""

from __future__ import annotations

ONNX = """\
import numpy as np
import onnxruntime
from PIL import Image, ImageOps

session = onnxruntime.InferenceSession("model.onnx")
about = session.get_modelmeta().custom_metadata_map
size = (int(about["image_size"]),) * 2
grey = ImageOps.exif_transpose(Image.open("letter.png")).convert("L")
images = np.asarray(grey.resize(size, Image.Resampling.BILINEAR))[None, None]
(probabilities,), (blank,) = session.run(None, {"images": images})
print("blank" if blank else about["letters"][probabilities.argmax()], f"{probabilities.max():.6f}")
"""

TORCH_EXPORT = """\
import json
import numpy as np
import torch
from PIL import Image, ImageOps

files = {"charrec.json": ""}
network = torch.export.load("model.pt2", extra_files=files).module()
about = json.loads(files["charrec.json"])
size = (int(about["image_size"]),) * 2
grey = ImageOps.exif_transpose(Image.open("letter.png")).convert("L")
images = torch.tensor(np.asarray(grey.resize(size, Image.Resampling.BILINEAR)))[None, None]
(probabilities,), (blank,) = network(images)
letter = "blank" if blank else about["letters"][probabilities.argmax()]
print(letter, f"{probabilities.max():.6f}")
"""

SAFETENSORS = """\
import json
from safetensors import safe_open

with safe_open("model.safetensors", "numpy") as file:
    about = json.loads(file.metadata()["charrec"])
    weights = {name: file.get_tensor(name) for name in file.keys()}
print(about["letters"], {name: weight.shape for name, weight in weights.items()})
"""


# By the file's suffix: the packages that it takes, and the program.
EXAMPLES = {
    ".onnx": ("onnxruntime numpy pillow", ONNX),
    ".pt2": ("torch numpy pillow", TORCH_EXPORT),
    ".safetensors": ("safetensors numpy", SAFETENSORS),
}
