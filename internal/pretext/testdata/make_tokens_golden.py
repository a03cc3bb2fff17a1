"""Writes tokens.json: what masked_token and next_token make of small random inputs, in
plain loops over PyTorch's float64, with the gradients of PyTorch.

    python make_tokens_golden.py        needs torch alone

The vocabulary has 20 tokens, of which 0 to 4 are special. The encoder's features are
given numbers, so that what is checked is which tokens are hidden, what is there
instead, the head and the loss.
"""

import json
import pathlib

import torch
import torch.nn.functional as F

V, D = 20, 6
SPECIAL, END, MASK = range(5), 3, 4

TEXTS = [
    [2, 7, 9, 11, 13, 15, 8, 6, 19, 3],
    [2, 5, 6, 3, 0, 0, 0, 0, 0, 0],
    [2, 18, 17, 16, 3, 0, 0, 0, 0, 0],
    [12, 7, 12, 14, 9, 10, 11, 5, 6, 1],
]


def tensor(x):
    x = x.detach() if torch.is_tensor(x) else torch.tensor(x)
    return {"dims": list(x.shape), "values": [float(v) for v in x.reshape(-1)]}


def number(ratio, ordinary):
    return max(1, int(ratio * ordinary + 0.5)) if ordinary else 0


def hide(text, draws, ratio, mask_share, random_share):
    """The positions of one text that are hidden, the likeliest first, and the text that
    the encoder sees."""
    length = len(text)
    which, how, instead = draws[:length], draws[length : 2 * length], draws[2 * length :]
    ordinary = [i for i in range(length) if text[i] not in SPECIAL]
    hidden = sorted(ordinary, key=lambda i: -which[i])[: number(ratio, len(ordinary))]
    seen = list(text)
    for i in hidden:
        if how[i] < mask_share:
            seen[i] = MASK
        elif how[i] < mask_share + random_share:
            seen[i] = 5 + int(instead[i] * (V - 5))
    return hidden, seen


def masked_token(settings, draws, p):
    losses, right, seen = [], 0, []
    for n, text in enumerate(TEXTS):
        hidden, shown = hide(text, draws[n].tolist(), **settings)
        seen.append(shown)
        for i in hidden:
            y = F.gelu(p["vectors"][n, i] @ p["kernel"] + p["dense_bias"])
            y = F.layer_norm(y, [D], p["gamma"], p["beta"], eps=1e-6)
            logits = p["table"] @ y + p["bias"]
            losses.append(F.cross_entropy(logits[None], torch.tensor([text[i]])))
            right += int(logits.argmax()) == text[i]
    return torch.stack(losses).mean(), right / len(losses), seen


def next_token(p):
    losses, right = [], 0
    for n, text in enumerate(TEXTS):
        for i in range(len(text) - 1):
            if text[i + 1] == 0 or i + 2 == len(text) and text[i + 1] == END:
                continue
            logits = p["table"] @ p["vectors"][n, i]
            losses.append(F.cross_entropy(logits[None], torch.tensor([text[i + 1]])))
            right += int(logits.argmax()) == text[i + 1]
    return torch.stack(losses).mean(), right / len(losses), TEXTS


def case(task, settings, draws, names):
    shapes = {
        "vectors": (len(TEXTS), len(TEXTS[0]), D), "table": (V, D), "kernel": (D, D),
        "dense_bias": (D,), "gamma": (D,), "beta": (D,), "bias": (V,),
    }
    p = {k: torch.randn(shapes[k], dtype=torch.float64).float().double().requires_grad_() for k in names}
    loss, accuracy, seen = task(settings, draws, p) if task is masked_token else task(p)
    loss.backward()
    return {
        "task": task.__name__, "settings": settings, "texts": TEXTS, "draws": tensor(draws), "seen": seen,
        "inputs": {k: tensor(v) for k, v in p.items()},
        "loss": loss.item(), "accuracy": accuracy,
        "gradients": {k: tensor(v.grad) for k, v in p.items()},
    }


if __name__ == "__main__":
    torch.manual_seed(0)
    draws = torch.rand(len(TEXTS), 3 * len(TEXTS[0]))
    every = ["vectors", "table", "kernel", "dense_bias", "gamma", "beta", "bias"]
    bert = {"ratio": 0.15, "mask_share": 0.8, "random_share": 0.1}
    half = {"ratio": 0.5, "mask_share": 0.4, "random_share": 0.4}
    cases = [
        case(masked_token, bert, draws, every),
        case(masked_token, half, draws, every),
        case(next_token, {}, draws, ["vectors", "table"]),
    ]
    path = pathlib.Path(__file__).with_name("tokens.json")
    path.write_text(json.dumps(cases, indent=None, separators=(",", ":")) + "\n")
