"""Reads image folders DIR/SPLIT/CLASS/*.jpg, for both peers in the same order."""
from pathlib import Path

import numpy as np
from PIL import Image


def load(folder: Path, limit: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Decodes the images of a split, class by class in the order of their names.

    Returns uint8 [N, H, W, 3] and int32 [N]. With a limit, N is about that and
    consists of equally many images of each class, the first ones by name.
    """
    classes = sorted(path for path in folder.iterdir() if path.is_dir())
    per_class = limit // len(classes) if limit else None
    images, labels = [], []
    for label, path in enumerate(classes):
        for file in sorted(path.glob("*.jpg"))[:per_class]:
            with Image.open(file) as image:
                images.append(np.asarray(image.convert("RGB")))
            labels.append(label)
    return np.stack(images), np.array(labels, np.int32)
