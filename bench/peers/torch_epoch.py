"""Epochs of SimCLR (with lightly) and of rotation prediction by PyTorch, from stored images."""
import itertools
import time

import numpy as np
import torch
import torchvision.transforms as T
from lightly.loss import NTXentLoss
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from serve import Work, serve
from simclr_lightly import FEATURES, STRIDES, Encoder, Views, initialise, projector
from stored import moments, stored

TRIED = 4  # batches, to choose the number of workers


class Crops(Dataset):
    """One augmented view of each image, uint8 [3, H, W]."""

    def __init__(self, images: np.ndarray) -> None:
        self.images = images
        crop = T.RandomResizedCrop(images.shape[1], scale=(0.3, 1), interpolation=T.InterpolationMode.BILINEAR)
        self.transform = T.Compose([crop, T.RandomHorizontalFlip(0.5), T.PILToTensor()])

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Tensor:
        return self.transform(Image.fromarray(self.images[index]))


def simclr_loss(encoder: nn.Module, head: nn.Module, loss_of: nn.Module, views: list[Tensor], device: str) -> Tensor:
    return loss_of(*head(encoder(torch.cat(views).to(device))).chunk(2))


def rotation_loss(encoder: nn.Module, head: nn.Module, loss_of: nn.Module, images: Tensor, device: str) -> Tensor:
    images = images.to(device)
    turned = torch.cat([torch.rot90(images, k, (2, 3)) for k in range(4)])
    labels = torch.arange(4, device=device).repeat_interleave(len(images))
    return loss_of(head(encoder(turned)), labels)


def prepare(task: str, data: str, alpha: float, strides: str, batch: int, threads: int, device: str) -> tuple[Work, str]:
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    device = {"gpu": "cuda"}.get(device, device)
    images = stored(data, "unlabelled")
    encoder = Encoder(*map(torch.tensor, moments(data)), STRIDES[strides], alpha)
    if task == "simclr":
        head, loss_of, loss, views = projector(256, 128), NTXentLoss(temperature=0.5), simclr_loss, Views(images)
    else:
        head, loss_of, loss, views = nn.Linear(FEATURES, 4), nn.CrossEntropyLoss(), rotation_loss, Crops(images)
    model = nn.Sequential(encoder, head).apply(initialise).to(device, memory_format=torch.channels_last).train()
    groups = [
        {"params": [p for p in model.parameters() if p.ndim >= 2], "weight_decay": 0.05},
        {"params": [p for p in model.parameters() if p.ndim < 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=1e-3, fused=True)

    def train(loader: DataLoader, batches: int | None = None) -> float:
        start = time.perf_counter()
        for data in itertools.islice(loader, batches):
            value = loss(encoder, head, loss_of, data, device)
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            value.item()
        return time.perf_counter() - start

    def loader(workers: int) -> DataLoader:
        return DataLoader(views, batch, shuffle=True, drop_last=True, num_workers=workers, persistent_workers=workers > 0)

    train(loader(0), 2)
    tried = {workers: train(loader(workers), TRIED) for workers in (0, 1, 2)}
    best = min(tried, key=tried.get)
    chosen = loader(best)
    train(chosen, TRIED)  # its workers stay
    speeds = ", ".join(f"{workers}: {TRIED * batch / seconds:.0f}" for workers, seconds in tried.items())

    def run(epochs: int) -> tuple[float, float]:
        return sum(train(chosen) for _ in range(epochs)), epochs * len(chosen) * batch

    return run, f"{best} workers, the best of images/s by workers {speeds}"


if __name__ == "__main__":
    import lightly
    import torchvision

    serve(prepare, {"torch": torch.__version__, "torchvision": torchvision.__version__, "lightly": lightly.__version__})
