"""Writes masked_autoencoder.json: the loss of a masked autoencoder over a tiny Vision
Transformer, and its gradient at every weight, by PyTorch in float64.

    python make_masked_autoencoder_golden.py        needs torch 2.5

This is the algorithm as He et al. published it (CVPR 2022, arXiv:2111.06377): patches
are shuffled, the first ones encoded, mask tokens appended, all put back in their
places, positions added, all patches decoded and the error averaged over the hidden
ones. The Go code does without putting back. Two choices of theirs are left out: the
class token, and dividing the variance of a patch by one less than its size.
"""

import json
import pathlib

import torch
from torch.nn import functional as F

N, H, W, C, PATCH, RATIO = 3, 4, 8, 2, 2, 0.6
ENCODER = {"width": 8, "heads": 2, "hidden": 16}
DECODER = {"width": 12, "heads": 3, "hidden": 48}
MEAN, STD = 0.4, 0.3
EPSILON = 1e-6
ROWS, COLUMNS = H // PATCH, W // PATCH
PATCHES, PIXELS = ROWS * COLUMNS, PATCH * PATCH * C


def line(coordinates, d):
    """get_1d_sincos_pos_embed_from_grid of the authors' code."""
    omega = 1 / 10000 ** (torch.arange(d // 2, dtype=torch.float64) / (d / 2))
    angles = torch.outer(coordinates, omega)
    return torch.cat([torch.sin(angles), torch.cos(angles)], 1)


def positions(d):
    rows, columns = torch.meshgrid(torch.arange(ROWS), torch.arange(COLUMNS), indexing="ij")
    half = [line(x.reshape(-1).double(), d // 2) for x in (columns, rows)]
    return torch.cat(half, 1)


def shapes():
    def block(name, width, heads, hidden):
        yield name + "/norm1/gamma", (width,)
        yield name + "/norm1/beta", (width,)
        for part in ("query", "key", "value", "output"):
            yield f"{name}/attention/{part}/kernel", (width, width)
            yield f"{name}/attention/{part}/bias", (width,)
        yield name + "/norm2/gamma", (width,)
        yield name + "/norm2/beta", (width,)
        yield name + "/mlp/expand/kernel", (width, hidden)
        yield name + "/mlp/expand/bias", (hidden,)
        yield name + "/mlp/project/kernel", (hidden, width)
        yield name + "/mlp/project/bias", (width,)

    e, d, root = ENCODER["width"], DECODER["width"], "masked_autoencoder"
    yield "embed/kernel", (PIXELS, e)
    yield "embed/bias", (e,)
    yield from block("blocks/0", **ENCODER)
    yield "norm/gamma", (e,)
    yield "norm/beta", (e,)
    yield root + "/embed/kernel", (e, d)
    yield root + "/embed/bias", (d,)
    yield root + "/mask_token", (d,)
    yield from block(root + "/blocks/0", **DECODER)
    yield root + "/norm/gamma", (d,)
    yield root + "/norm/beta", (d,)
    yield root + "/pixels/kernel", (d, PIXELS)
    yield root + "/pixels/bias", (PIXELS,)


def weights():
    made = {}
    for name, shape in shapes():
        value = torch.randn(shape, dtype=torch.float64) * (0.3 if len(shape) == 1 else shape[0] ** -0.5)
        made[name] = single(value + 1 if name.endswith("gamma") else value).requires_grad_()
    return made


def single(x):
    """The nearest values of float32."""
    return x.float().double()


def dense(w, name, x):
    return x @ w[name + "/kernel"] + w[name + "/bias"]


def norm(w, name, x):
    return F.layer_norm(x, x.shape[-1:], w[name + "/gamma"], w[name + "/beta"], EPSILON)


def block(w, name, x, width, heads, hidden):
    y = norm(w, name + "/norm1", x)
    q, k, v = (
        dense(w, f"{name}/attention/{part}", y).unflatten(-1, (heads, width // heads)).transpose(1, 2) for part in ("query", "key", "value")
    )
    y = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
    x = x + dense(w, name + "/attention/output", y)
    y = dense(w, name + "/mlp/expand", norm(w, name + "/norm2", x))
    return x + dense(w, name + "/mlp/project", F.gelu(y))


def patchify(images):
    x = images.reshape(N, ROWS, PATCH, COLUMNS, PATCH, C)
    return torch.einsum("nhpwqc->nhwpqc", x).reshape(N, PATCHES, PIXELS)


def take(x, ids):
    return torch.gather(x, 1, ids.unsqueeze(-1).expand(-1, -1, x.shape[-1]))


def loss(w, images, draws):
    keep = PATCHES - round(RATIO * PATCHES)
    shuffle = torch.argsort(-draws, dim=1)
    restore = torch.argsort(shuffle, dim=1)
    x = dense(w, "embed", patchify((images - MEAN) / STD)) + positions(ENCODER["width"])
    x = norm(w, "norm", block(w, "blocks/0", take(x, shuffle[:, :keep]), **ENCODER))

    root = "masked_autoencoder"
    x = dense(w, root + "/embed", x)
    x = torch.cat([x, w[root + "/mask_token"].expand(N, PATCHES - keep, -1)], 1)
    x = take(x, restore) + positions(DECODER["width"])
    x = norm(w, root + "/norm", block(w, root + "/blocks/0", x, **DECODER))
    predicted = dense(w, root + "/pixels", x)

    target = patchify(images)
    target = (target - target.mean(-1, keepdim=True)) / (target.var(-1, unbiased=False, keepdim=True) + EPSILON).sqrt()
    mask = torch.ones(N, PATCHES, dtype=torch.float64)
    mask[:, :keep] = 0
    mask = torch.gather(mask, 1, restore)

    def hidden(error):
        return (error.mean(-1) * mask).sum() / mask.sum()

    return hidden((predicted - target) ** 2), hidden(target**2)


def tensor(x):
    return {"Dims": list(x.shape), "Values": [float(v) for v in x.detach().float().reshape(-1)]}


def main():
    torch.manual_seed(7)
    w = weights()
    images, draws = single(torch.rand(N, H, W, C, dtype=torch.float64)), single(torch.rand(N, PATCHES, dtype=torch.float64))
    images[1, :2, :2] = 0.5  # a patch without contrast
    value, baseline = loss(w, images, draws)
    value.backward()
    golden = {
        "Images": tensor(images), "Draws": tensor(draws), "Loss": value.item(), "PatchMean": baseline.item(),
        "Weights": {k: tensor(v) for k, v in w.items()}, "Gradients": {k: tensor(v.grad) for k, v in w.items()},
    }
    path = pathlib.Path(__file__).with_name("masked_autoencoder.json")
    path.write_text(json.dumps(golden, separators=(",", ":")).replace('},"', '},\n"') + "\n")


if __name__ == "__main__":
    main()
