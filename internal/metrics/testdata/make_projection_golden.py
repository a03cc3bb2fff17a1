"""Writes projection_golden.json: principal components and nearest neighbours by
NumPy, and the divergence that scikit-learn's exact t-SNE is left with.

    python make_projection_golden.py        (numpy, scikit-learn)

The components come from the singular value decomposition of the centred rows,
with the coordinate of largest magnitude positive. All numbers that Go reads are
float32 with few digits, to keep the file small.
"""

import json
import pathlib

import numpy as np
import sklearn
from sklearn.manifold import TSNE

rng = np.random.default_rng(20080909)


def rounded(x):
    return np.round(x, 2).astype(np.float32)


def numbers(x):
    return [float(f"{v:.6g}") for v in x.ravel()]


def pca(x):
    x = rounded(x)
    rows = x.astype(np.float64)
    u, s, _ = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)
    points = u[:, :2] * s[:2]
    largest = np.argmax(np.abs(points), axis=0)
    points = points * np.sign(points[largest, range(2)])
    return {"dim": x.shape[1], "x": numbers(x), "points": points.tolist()}


def pca_cases():
    yield pca(rng.normal(size=(40, 6)) * [3, 2.5, 1, 1, 0.5, 0.1] + 7)
    yield pca(rng.normal(1, 2, size=(9, 30)))  # more dimensions than rows
    yield pca(rng.normal(size=(60, 40)))  # no component stands out
    yield pca(rng.normal(size=(3, 5)))  # rows in a plane


def neighbours():
    x = rounded(rng.normal(size=(30, 4)))
    x[11] = x[4]
    z = x.astype(np.float64) / np.linalg.norm(x.astype(np.float64), axis=1, keepdims=True)
    of, k = [4, 0, 11, 29], 5
    cosines = z[of] @ z.T
    cosines[range(len(of)), of] = -np.inf
    return {"dim": 4, "x": numbers(x), "of": of, "k": k,
            "nearest": np.argsort(-cosines, axis=1, kind="stable")[:, :k].tolist()}


def tsne():
    """Three clusters of unlike width, and a curve between two of them."""
    centres = 4 * rng.normal(size=(3, 10))
    blobs = [c + w * rng.normal(size=(40, 10)) for c, w in zip(centres, (0.5, 1, 1.5))]
    t = np.linspace(0, 1, 30)[:, None]
    curve = centres[0] * (1 - t) + centres[1] * t + 3 * np.sin(np.pi * t) + 0.1 * rng.normal(size=(30, 10))
    x = rounded(np.concatenate([*blobs, curve]))
    divergence = {}
    for perplexity in (30, 45):
        model = TSNE(method="exact", init="pca", perplexity=perplexity, random_state=0)
        model.fit(x)
        divergence[str(perplexity)] = float(model.kl_divergence_)
    return {"dim": 10, "x": numbers(x), "divergence": divergence}


golden = {
    "made_by": f"make_projection_golden.py with numpy {np.__version__}, scikit-learn {sklearn.__version__}",
    "pca": list(pca_cases()),
    "neighbours": neighbours(),
    "tsne": tsne(),
}
path = pathlib.Path(__file__).with_name("projection_golden.json")
path.write_text(json.dumps(golden, allow_nan=False).replace(', "', ',\n"') + "\n")
