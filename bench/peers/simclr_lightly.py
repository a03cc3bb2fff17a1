"""SimCLR by PyTorch, torchvision and lightly: a peer for sslpipe's own.

Trains MobileNetV2 0.35 on a folder of 32 x 32 images and writes the features of
all images for knn.py. Network, initial weights, optimiser, schedule and order
of augmentations are those of sslpipe; augmentations, loss and gradients are
theirs.
"""
import argparse
import math
import time
from pathlib import Path

import numpy as np
import torch
import torchvision.transforms as T
from lightly.loss import NTXentLoss
from lightly.transforms.multi_view_transform import MultiViewTransform
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from images import load

STAGES = [(1, 16, 1), (6, 24, 2), (6, 32, 3), (6, 64, 4), (6, 96, 3), (6, 160, 3), (6, 320, 1)]  # expansion, filters, blocks
STRIDES = {"imagenet": (1, 2, 2, 2, 1, 2, 1), "small": (1, 2, 2, 2, 1, 1, 1)}  # of the first block of each stage
FEATURES = 1280


def make_divisible(channels: float) -> int:
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded


def convolution(inputs: int, filters: int, kernel: int, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    """A convolution that pads even sizes like TensorFlow's SAME, and batch normalisation."""
    pad = [nn.ZeroPad2d((0, 1, 0, 1))] if stride == 2 else []
    padding = kernel // 2 if stride == 1 else 0
    return [
        *pad,
        nn.Conv2d(inputs, filters, kernel, stride, padding, groups=groups, bias=False),
        nn.BatchNorm2d(filters, eps=1e-3, momentum=0.1),
    ]


class Inverted(nn.Module):
    """Inverted residual block; without expansion it has no first convolution."""

    def __init__(self, inputs: int, filters: int, expansion: int, stride: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        expand = [*convolution(inputs, hidden, 1), nn.ReLU6()] if expansion > 1 else []
        self.layers = nn.Sequential(
            *expand,
            *convolution(hidden, hidden, 3, stride, groups=hidden),
            nn.ReLU6(),
            *convolution(hidden, filters, 1),
        )
        self.residual = inputs == filters and stride == 1

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x) if self.residual else self.layers(x)


class Encoder(nn.Module):
    """MobileNetV2 without classifier: images with values 0 to 255 to pooled features."""

    def __init__(self, mean: Tensor, std: Tensor, strides: tuple[int, ...], alpha: float = 0.35) -> None:
        super().__init__()
        self.register_buffer("mean", mean.view(-1, 1, 1))
        self.register_buffer("std", std.view(-1, 1, 1))
        channels = make_divisible(32 * alpha)
        layers = [*convolution(3, channels, 3, stride=2), nn.ReLU6()]
        for (expansion, filters, blocks), stride in zip(STAGES, strides):
            filters = make_divisible(int(filters * alpha))
            for block in range(blocks):
                layers.append(Inverted(channels, filters, expansion, stride if block == 0 else 1))
                channels = filters
        self.layers = nn.Sequential(*layers, *convolution(channels, FEATURES, 1), nn.ReLU6())

    def forward(self, images: Tensor) -> Tensor:
        x = (images / 255 - self.mean) / self.std
        return self.layers(x.contiguous(memory_format=torch.channels_last)).mean((2, 3))


def projector(hidden: int, out: int) -> nn.Module:
    return nn.Sequential(nn.Linear(FEATURES, hidden), nn.BatchNorm1d(hidden, eps=1e-3, momentum=0.1), nn.ReLU(), nn.Linear(hidden, out))


def initialise(module: nn.Module) -> None:
    """Glorot uniform, whose sum of fans is the same here and in Keras, also for depthwise kernels."""
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def augmentation() -> T.Compose:
    jitters = [T.ColorJitter(brightness=0.4), T.ColorJitter(contrast=0.4), T.ColorJitter(saturation=0.4), T.ColorJitter(hue=0.1)]
    return T.Compose([
        T.RandomResizedCrop(32, scale=(0.2, 1), ratio=(3 / 4, 4 / 3), interpolation=T.InterpolationMode.BILINEAR),
        T.RandomHorizontalFlip(0.5),
        *(T.RandomApply([jitter], p=0.8) for jitter in jitters),
        T.RandomGrayscale(0.2),
        T.PILToTensor(),
    ])


class Views(Dataset):
    """Two augmented views of each image, uint8 [3, H, W]."""

    def __init__(self, images: np.ndarray) -> None:
        self.images = images
        self.transform = MultiViewTransform([augmentation(), augmentation()])

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> list[Tensor]:
        return self.transform(Image.fromarray(self.images[index]))


def rate(step: int, steps: int) -> float:
    """Share of the learning rate: linear warm-up over a tenth of the steps, then half a cosine to 0."""
    warm = round(0.1 * steps)
    if step < warm:
        return (step + 1) / warm
    return (1 + math.cos(math.pi * (step - warm) / (steps - warm))) / 2


def train(encoder: Encoder, images: np.ndarray, args: argparse.Namespace) -> None:
    head = projector(args.hidden, args.projection)
    model = nn.Sequential(encoder, head).apply(initialise).to(memory_format=torch.channels_last)
    loss_of = NTXentLoss(temperature=args.temperature)

    # One shuffled epoch after the other; a batch may span two.
    steps = args.epochs * len(images) // args.batch
    order = np.concatenate([torch.randperm(len(images)).numpy() for _ in range(args.epochs)])
    batches = order[: steps * args.batch].reshape(steps, args.batch)
    loader = DataLoader(Views(images), batch_sampler=batches, num_workers=args.workers)

    weights = [p for p in model.parameters() if p.ndim >= 2]
    others = [p for p in model.parameters() if p.ndim < 2]
    groups = [{"params": weights, "weight_decay": args.weight_decay}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=args.lr, betas=(0.9, 0.999), eps=1e-8)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: rate(step, steps))

    model.train()
    epoch, losses, start = 0, [], time.perf_counter()
    for step, views in enumerate(loader, 1):
        loss = loss_of(*model(torch.cat(views)).chunk(2))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
        if step * args.batch >= (epoch + 1) * len(images) or step == steps:
            epoch += 1
            print(f"epoch {epoch}: loss {np.mean(losses):.4f}, {time.perf_counter() - start:.1f} s", flush=True)
            losses, start = [], time.perf_counter()


@torch.inference_mode()
def features(encoder: Encoder, images: np.ndarray, batch: int = 500) -> np.ndarray:
    encoder.eval()
    parts = torch.from_numpy(images).permute(0, 3, 1, 2).split(batch)
    return torch.cat([encoder(part) for part in parts]).numpy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="has train/CLASS/*.jpg and test/CLASS/*.jpg")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.npz", help="features of all images")
    parser.add_argument("--train-limit", type=int, default=0, metavar="N", help="the first training images of each class, N in all; 0: all")
    parser.add_argument("--strides", choices=STRIDES, default="small", help="sslpipe's preset of the same name")
    parser.add_argument("--hidden", type=int, default=256, help="units of the projector's hidden layer")
    parser.add_argument("--projection", type=int, default=128, help="units of the projector's last layer")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--lr", type=float, default=0.003)
    parser.add_argument("--weight-decay", type=float, default=0.05)
    parser.add_argument("--temperature", type=float, default=0.5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1, help="that compute")
    parser.add_argument("--workers", type=int, default=1, help="processes that augment; the draws depend on their number")
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    images, labels = load(args.data / "train", args.train_limit)
    test_images, test_labels = load(args.data / "test")

    pixels = images.reshape(-1, 3)
    mean, std = (torch.tensor(f(pixels, axis=0, dtype=np.float64) / 255, dtype=torch.float32) for f in (np.mean, np.std))
    encoder = Encoder(mean, std, STRIDES[args.strides])
    parameters = sum(p.numel() for p in encoder.parameters())
    print(f"{len(images)} training images, encoder of {parameters} parameters", flush=True)
    train(encoder, images, args)
    np.savez(
        args.out,
        train_x=features(encoder, images), train_y=labels,
        test_x=features(encoder, test_images), test_y=test_labels,
    )


if __name__ == "__main__":
    main()
