"""A supervised training step by PyTorch: channels_last, fused AdamW, float32 or autocast."""
import time

import numpy as np
import torch
from torch import nn

from serve import Work, serve
from simclr_lightly import FEATURES, STRIDES, Encoder, initialise

STORED, CLASSES = 1024, 10


def prepare(alpha: float, pixels: int, strides: str, batch: int, threads: int, device: str, compile: bool,
            mixed: bool = False) -> Work:
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    device = {"gpu": "cuda"}.get(device, device)
    half = torch.full((3,), 0.5)
    encoder = Encoder(half, half / 2, STRIDES[strides], alpha)
    model = nn.Sequential(encoder, nn.Linear(FEATURES, CLASSES)).apply(initialise)
    model = model.to(device, memory_format=torch.channels_last).train()
    groups = [
        {"params": [p for p in model.parameters() if p.ndim >= 2], "weight_decay": 0.05},
        {"params": [p for p in model.parameters() if p.ndim < 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=1e-3, fused=True)
    forward = torch.compile(model) if compile else model
    loss_of = nn.CrossEntropyLoss()

    random = np.random.default_rng(1)
    images = torch.from_numpy(random.integers(0, 256, (STORED, 3, pixels, pixels), np.uint8))
    images = images.contiguous(memory_format=torch.channels_last)
    labels = torch.arange(STORED) % CLASSES

    def run(n: int) -> tuple[float, float]:
        start = time.perf_counter()
        for _ in range(n):
            chosen = torch.randint(STORED, (batch,))
            x, y = images[chosen].to(device).float(), labels[chosen].to(device)
            with torch.autocast(device, torch.bfloat16, enabled=mixed):
                loss = loss_of(forward(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss.item()
        return time.perf_counter() - start, n * batch

    return run


if __name__ == "__main__":
    serve(prepare, {"torch": torch.__version__})
