"""How long the letters of a folder take to be read, with or without what the cache holds."""

from __future__ import annotations

import json
import sys
import time

from charrec.data.datamodule import CharacterDataModule


def main() -> None:
    asked = json.loads(sys.argv[1])
    letters = CharacterDataModule(asked["root"], alphabet=asked["alphabet"])
    start = time.perf_counter()
    letters.setup()
    seconds = time.perf_counter() - start
    pictures = sum(len(images) for images in letters.images.values())
    print("\n" + json.dumps({"pictures": pictures, "seconds": seconds}))


if __name__ == "__main__":
    main()
