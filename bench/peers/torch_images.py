"""Decoding JPEG files and augmenting views with torchvision, in as many processes as there are cores."""
import time
from pathlib import Path

import numpy as np
import torch
import torchvision
import torchvision.transforms as T
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from serve import Work, serve
from simclr_lightly import augmentation
from stored import stored

BATCH, VIEWS = 128, 4096


class Files(Dataset):
    """Decoded images, uint8 [3, H, W]."""

    def __init__(self, folder: str) -> None:
        self.files = [str(path) for path in sorted(Path(folder).rglob("*.jpg"))]

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> Tensor:
        return torchvision.io.decode_jpeg(torchvision.io.read_file(self.files[index]), torchvision.io.ImageReadMode.RGB)


class Augmented(Dataset):
    """One view of each image, uint8 [3, H, W], over and over."""

    def __init__(self, images: np.ndarray) -> None:
        self.images, self.transform = images, augmentation()

    def __len__(self) -> int:
        return VIEWS

    def __getitem__(self, index: int) -> Tensor:
        return self.transform(Image.fromarray(self.images[index % len(self.images)]))


def prepare(work: str, data: str, threads: int) -> Work:
    torch.set_num_threads(1)
    views = Files(data) if work == "decode" else Augmented(stored(data, "unlabelled"))
    loader = DataLoader(views, BATCH, num_workers=threads, persistent_workers=True)

    def run(n: int) -> tuple[float, float]:
        start = time.perf_counter()
        done = sum(len(images) for _ in range(n) for images in loader)
        return time.perf_counter() - start, done

    run(1)  # starts the workers, which stay
    return run


if __name__ == "__main__":
    serve(prepare, {"torch": torch.__version__, "torchvision": torchvision.__version__})
