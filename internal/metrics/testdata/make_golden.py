"""Writes golden.json: the numbers of internal/metrics, computed by SciPy.

    python make_golden.py        (numpy, scipy)

Macro-F1 and Holm's adjustment are not in SciPy; they are written here from
their definitions, in another way than in Go.
"""

import json
import pathlib

import numpy as np
import scipy
from scipy import stats

rng = np.random.default_rng(20240601)


def t_interval(x, level):
    ci = stats.t.interval(level, len(x) - 1, loc=np.mean(x), scale=stats.sem(x))
    return [float(v) for v in ci]


def sign_flip(d):
    r = stats.permutation_test(
        (np.asarray(d),), lambda x, axis: np.mean(x, axis=axis),
        permutation_type="samples", n_resamples=np.inf, alternative="two-sided", vectorized=True)
    return float(r.pvalue)


def macro_f1(truth, predicted):
    scores = []
    for k in np.union1d(truth, predicted):
        precision_of = predicted == k
        recall_of = truth == k
        hit = np.sum(precision_of & recall_of)
        precision = hit / precision_of.sum() if precision_of.any() else 0.0
        recall = hit / recall_of.sum() if recall_of.any() else 0.0
        scores.append(stats.hmean([precision, recall]) if hit else 0.0)
    return float(np.mean(scores))


def holm(p):
    p = np.asarray(p)
    m = len(p)
    order = np.argsort(p, kind="stable")
    steps = np.minimum(1, (m - np.arange(m)) * p[order])
    out = np.empty(m)
    out[order] = np.maximum.accumulate(steps)
    return out.tolist()


def samples():
    yield [0.0583, 0.0461, 0.0702, 0.0598, 0.0411, 0.0743]  # all positive
    yield [0.02, -0.01, 0.03, 0.00, 0.01]  # ties and a zero
    yield [-0.05, -0.05, -0.06]
    yield [1e-4, -1e-4]
    for n in (4, 7, 9, 12):
        yield rng.normal(0.01, 0.02, n).round(4).tolist()


def predictions():
    for classes, n in ((2, 50), (3, 12), (10, 400), (5, 6)):
        truth = rng.integers(0, classes, n)
        predicted = np.where(rng.random(n) < 0.6, truth, rng.integers(0, classes, n))
        yield classes, truth, predicted
    yield 4, np.array([0, 0, 1, 1]), np.array([0, 1, 1, 2])  # class 3 absent, class 2 only predicted


golden = {
    "made_by": f"make_golden.py with scipy {scipy.__version__}, numpy {np.__version__}",
    "samples": [
        {"x": x, "mean": float(np.mean(x)), "sd": float(np.std(x, ddof=1)),
         "t95": t_interval(x, 0.95), "t99": t_interval(x, 0.99), "sign_flip": sign_flip(x)}
        for x in samples()
    ],
    "wilson": [
        {"k": k, "n": n, "interval": [float(v) for v in stats.binomtest(k, n).proportion_ci(0.95, method="wilson")]}
        for k, n in ((0, 10), (10, 10), (7, 10), (706, 1000), (9120, 10000), (1, 3))
    ],
    "holm": [{"p": p, "adjusted": holm(p)} for p in (
        [0.01, 0.04, 0.03, 0.005], [0.03125, 0.03125, 0.0625, 1.0], [0.2], [0.5, 0.4, 0.9])],
    "predictions": [
        {"classes": c, "truth": t.tolist(), "predicted": p.tolist(),
         "accuracy": float(np.mean(t == p)), "macro_f1": macro_f1(t, p)}
        for c, t, p in predictions()
    ],
}

# Twelve paired runs nested in four pre-trainings of unequal size.
group = np.array([0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 3])
baseline = (0.65 + rng.normal(0, 0.01, 12)).round(4)
arm = (baseline + 0.03 + rng.normal(0, 0.02, 4)[group] + rng.normal(0, 0.01, 12)).round(4)
means = np.array([np.mean((arm - baseline)[group == g]) for g in range(4)])
golden["nested"] = {
    "group": group.tolist(), "baseline": baseline.tolist(), "arm": arm.tolist(),
    "mean": float(means.mean()), "t95": t_interval(means, 0.95), "sign_flip": sign_flip(means),
}

path = pathlib.Path(__file__).with_name("golden.json")
path.write_text(json.dumps(golden, indent=1, allow_nan=False) + "\n")
