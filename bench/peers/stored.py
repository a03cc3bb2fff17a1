"""Reads what sslpipe has stored of a data set, and its Python counterpart of one training image."""
import json
from pathlib import Path

import numpy as np


def stored(folder: str, split: str) -> np.ndarray:
    """The images of a split, uint8 [N, H, W, C], mapped into memory as they are there."""
    meta = json.loads((Path(folder) / "meta.json").read_text())
    indices = json.loads((Path(folder) / "splits.json").read_text())[split]
    images = np.memmap(Path(folder) / "images.u8", np.uint8, "r").reshape(-1, *meta["shape"])
    return images[indices]


def moments(folder: str) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of each channel, of values 0 to 1."""
    meta = json.loads((Path(folder) / "meta.json").read_text())
    return meta["mean"], meta["std"]
