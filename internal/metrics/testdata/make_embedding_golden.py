"""Writes embedding_golden.json: what internal/metrics says of embeddings, computed
by NumPy.

    python make_embedding_golden.py        (numpy)

The effective rank comes from the singular values of the centred rows, where Go
takes the eigenvalues of their products; uniformity and alignment from differences
of rows, where Go takes their products.
"""

import json
import pathlib

import numpy as np

rng = np.random.default_rng(20240717)


def on_sphere(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def effective_rank(z):
    s = np.linalg.svd(z - z.mean(axis=0), compute_uv=False)
    s = s[s > 1e-5]  # below are float32's roundings
    p = s / s.sum()
    return float(np.exp(-np.sum(p * np.log(p))))


def uniformity(z):
    first, second = np.triu_indices(len(z), k=1)
    squared = np.sum((z[first] - z[second]) ** 2, axis=1)
    return float(np.log(np.mean(np.exp(-2 * squared))))


def case(x, other):
    # The numbers that Go reads are float32.
    x, other = x.astype(np.float32), other.astype(np.float32)
    z, w = on_sphere(x.astype(np.float64)), on_sphere(other.astype(np.float64))
    spread = np.std(z, axis=0) * np.sqrt(z.shape[1])
    return {
        "dim": x.shape[1],
        "z": [float(v) for v in x.ravel()],
        "other": [float(v) for v in other.ravel()],
        "spread": float(spread.mean()),
        "min_spread": float(spread.min()),
        "rank": effective_rank(z),
        "uniformity": uniformity(z),
        "alignment": float(np.mean(np.sum((z - w) ** 2, axis=1))),
    }


def cases():
    x = rng.normal(size=(12, 5))
    yield case(x, x + 0.3 * rng.normal(size=x.shape))
    x = rng.normal(0.5, 2, size=(6, 9))  # more dimensions than rows
    yield case(x, rng.normal(size=x.shape))
    x = rng.normal(size=(10, 2)) @ rng.normal(size=(2, 7))  # in a plane
    yield case(x, -x)
    x = rng.normal(size=4) + 0.02 * rng.normal(size=(8, 4))  # almost all the same
    yield case(x, x[::-1])


golden = {"made_by": f"make_embedding_golden.py with numpy {np.__version__}", "cases": list(cases())}
path = pathlib.Path(__file__).with_name("embedding_golden.json")
path.write_text(json.dumps(golden, indent=1, allow_nan=False) + "\n")
