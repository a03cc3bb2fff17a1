"""A training step of a transformer by PyTorch: hidden tokens of a text, or a small ViT.

Pre-norm blocks as torch.nn has them (with scaled_dot_product_attention), or with the
attention written out; fused AdamW, float32, no dropout.
"""
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from serve import Work, serve

STORED, CLASSES, PATCH, VOCABULARY, HIDDEN_SHARE, MASK = 1024, 10, 4, 8192, 0.15, 1


class WrittenOut(nn.Module):
    """A block that keeps its attention weights, as BERT's usual implementations do."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query, self.key, self.value, self.output = (nn.Linear(width, width) for _ in range(4))
        self.expand, self.project = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        n, length, width = x.shape
        y = self.norm1(x)
        q, k, v = (f(y).view(n, length, self.heads, -1).transpose(1, 2) for f in (self.query, self.key, self.value))
        weights = torch.softmax(q @ k.transpose(2, 3) / (width // self.heads) ** 0.5, -1)
        x = x + self.output((weights @ v).transpose(1, 2).reshape(n, length, width))
        return x + self.project(F.gelu(self.expand(self.norm2(x))))


def blocks(width: int, depth: int, heads: int, written_out: bool) -> nn.Sequential:
    def block() -> nn.Module:
        if written_out:
            return WrittenOut(width, heads)
        return nn.TransformerEncoderLayer(width, heads, 4 * width, 0.0, "gelu", batch_first=True, norm_first=True)
    return nn.Sequential(*(block() for _ in range(depth)))


class Text(nn.Module):
    def __init__(self, encoder: nn.Sequential, width: int, length: int):
        super().__init__()
        self.encoder, self.norm = encoder, nn.LayerNorm(width)
        self.embedding = nn.Embedding(VOCABULARY, width)
        self.positions = nn.Parameter(torch.zeros(length, width))
        self.dense, self.head_norm = nn.Linear(width, width), nn.LayerNorm(width)
        self.bias = nn.Parameter(torch.zeros(VOCABULARY))
        nn.init.normal_(self.embedding.weight, std=0.02)
        nn.init.normal_(self.positions, std=0.02)

    def forward(self, tokens: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
        x = self.norm(self.encoder(self.embedding(tokens) + self.positions))
        x = x.flatten(0, 1)[places]
        return F.linear(self.head_norm(F.gelu(self.dense(x))), self.embedding.weight, self.bias)


class ViT(nn.Module):
    def __init__(self, encoder: nn.Sequential, width: int, pixels: int):
        super().__init__()
        self.encoder, self.norm, self.head = encoder, nn.LayerNorm(width), nn.Linear(width, CLASSES)
        self.embed = nn.Linear(PATCH * PATCH * 3, width)
        self.token = nn.Parameter(torch.zeros(1, 1, width))
        self.positions = nn.Parameter(torch.randn((pixels // PATCH) ** 2, width) * 0.02)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        n, side = images.shape[0], images.shape[1] // PATCH
        x = (images / 255 - 0.5) * 4
        x = x.view(n, side, PATCH, side, PATCH, 3).transpose(2, 3).reshape(n, side * side, -1)
        x = torch.cat([self.token.expand(n, -1, -1), self.embed(x) + self.positions], 1)
        return self.head(self.norm(self.encoder(x))[:, 0])


def text_batch(batch: int, length: int) -> tuple:
    tokens = torch.randint(2, VOCABULARY, (batch, length))
    places = torch.randperm(batch * length)[: int(HIDDEN_SHARE * batch * length)]
    targets = tokens.flatten()[places]
    tokens.view(-1)[places] = MASK
    return (tokens, places), targets


def prepare(network: str, dim: int, depth: int, heads: int, length: int, pixels: int, batch: int, threads: int,
            device: str, written_out: bool) -> Work:
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    device = {"gpu": "cuda"}.get(device, device)
    encoder = blocks(dim, depth, heads, written_out)
    model = (Text(encoder, dim, length) if network == "text" else ViT(encoder, dim, pixels)).to(device).train()
    groups = [
        {"params": [p for p in model.parameters() if p.ndim >= 2], "weight_decay": 0.05},
        {"params": [p for p in model.parameters() if p.ndim < 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=1e-3, fused=True)
    images = torch.from_numpy(np.random.default_rng(1).integers(0, 256, (STORED, pixels, pixels, 3), np.uint8))
    labels = torch.arange(STORED) % CLASSES

    def image_batch() -> tuple:
        chosen = torch.randint(STORED, (batch,))
        return (images[chosen].float(),), labels[chosen]

    def run(n: int) -> tuple[float, float]:
        start = time.perf_counter()
        for _ in range(n):
            inputs, targets = text_batch(batch, length) if network == "text" else image_batch()
            targets = targets.to(device)
            logits = model(*(x.to(device) for x in inputs))
            loss = F.cross_entropy(logits, targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss.item(), (logits.argmax(1) == targets).float().mean().item()
        return time.perf_counter() - start, n * batch

    return run


if __name__ == "__main__":
    serve(prepare, {"torch": torch.__version__})
