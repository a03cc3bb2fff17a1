"""Writes golden.json: the numbers of internal/metrics, computed by SciPy and
scikit-learn.

    python make_golden.py        (numpy, scipy, scikit-learn)

Holm's adjustment, the calibration error and Hedges' correction are in neither;
they are written here from their definitions, in another way than in Go. New
cases draw their numbers after the old ones, which keeps those as they are.
"""

import itertools
import json
import pathlib

import numpy as np
import scipy
import sklearn
from scipy import special, stats
from sklearn import isotonic, metrics

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
    "made_by": f"make_golden.py with scipy {scipy.__version__}, numpy {np.__version__}, scikit-learn {sklearn.__version__}",
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


def softmax_rows(n, classes, truth):
    logits = rng.normal(0, 1, (n, classes))
    logits[np.arange(n), truth] += 1
    return special.softmax(logits, axis=1).astype(np.float32)


def tied_rows(n, classes, truth, parts):
    """Multiples of 1/parts, exact in float32, with many ties, zeros and ones."""
    weights = np.full((n, classes), 0.5)
    weights[np.arange(n), truth] += 1
    return np.stack([rng.multinomial(parts, w / w.sum()) for w in weights]).astype(np.float32) / parts


def score_cases():
    for classes, n, parts in ((2, 30, None), (2, 40, 8), (4, 40, None), (3, 40, 16)):
        truth = rng.integers(0, classes, n)
        yield classes, truth, softmax_rows(n, classes, truth) if parts is None else tied_rows(n, classes, truth, parts)
    truth = rng.choice([0, 1, 3], 30)  # classes 2 and 4 have no examples
    yield 5, truth, tied_rows(30, 5, truth, 8)


def calibration_error(truth, p):
    """Sum over bins of |number right - sum of confidences|, over examples."""
    confidence, right = p.max(axis=1), p.argmax(axis=1) == truth
    place = np.clip(np.digitize(confidence, np.arange(16) / 15, right=True), 1, 15)
    gaps = np.bincount(place, weights=right, minlength=16) - np.bincount(place, weights=confidence, minlength=16)
    return float(np.abs(gaps).sum() / len(truth)), np.bincount(place, minlength=16)[1:].tolist()


def scores(classes, truth, p32):
    p = p32.astype(np.float64)
    predicted = p.argmax(axis=1)
    labels = np.arange(classes)
    hot = truth[:, None] == labels
    ranked = [1] if classes == 2 else [k for k in labels if 0 < hot[:, k].sum() < len(truth)]
    auc = np.mean([metrics.roc_auc_score(hot[:, k], p[:, k]) for k in ranked])
    if classes > 2 and len(ranked) == classes:
        assert np.isclose(auc, metrics.roc_auc_score(truth, p, multi_class="ovr", average="macro"), atol=1e-12)
    eps = float(np.finfo(np.float32).eps)
    log_loss = float(-np.mean(np.log(np.clip(p[hot], eps, 1 - eps))))
    assert np.isclose(log_loss, metrics.log_loss(truth, p32, labels=labels), rtol=1e-5)  # in float32
    brier = np.mean(np.sum((p - hot) ** 2, axis=1))
    if classes == 2:
        assert np.isclose(brier, 2 * metrics.brier_score_loss(truth, p[:, 1]))
    ece, counts = calibration_error(truth, p)
    occurring = np.unique(truth)
    return {
        "classes": classes, "truth": truth.tolist(), "probabilities": [float(str(v)) for v in p32.ravel()],
        "recall": metrics.recall_score(truth, predicted, labels=labels, average=None, zero_division=0).tolist(),
        "bin_counts": counts,
        "values": {
            "accuracy": metrics.accuracy_score(truth, predicted),
            "balanced_accuracy": metrics.recall_score(truth, predicted, labels=occurring, average="macro"),
            "macro_f1": metrics.f1_score(truth, predicted, average="macro"),
            "roc_auc": float(auc),
            "average_precision": float(np.mean([metrics.average_precision_score(hot[:, k], p[:, k]) for k in ranked])),
            "log_loss": log_loss, "brier": float(brier), "ece": ece,
        },
    }


golden["scores"] = [scores(*case) for case in score_cases()]

golden["mcnemar"] = [
    {"arm": b, "baseline": c, "p": float(stats.binomtest(b, b + c, 0.5).pvalue)}
    for b, c in ((5, 1), (1, 5), (10, 10), (3, 12), (120, 80), (0, 7), (1000, 1100), (400, 100))
]


def hedges(x):
    df = len(x) - 1
    j = special.gamma(df / 2) / (np.sqrt(df / 2) * special.gamma((df - 1) / 2))
    return float(j * np.mean(x) / np.std(x, ddof=1))


golden["effects"] = [{"x": s["x"], "g": hedges(s["x"])} for s in golden["samples"] if s["sd"] > 0 and len(s["x"]) > 2]


def brackets(means):
    """Between which quantiles an end of 10,000 resamples lies, to four standard errors."""
    slack = 4 * np.sqrt(0.025 * 0.975 / 10_000)
    return [np.quantile(means, [q - slack, q + slack], method="inverted_cdf").tolist() for q in (0.025, 0.975)]


def bootstraps():
    for n in (2, 3, 4, 5):  # every one of the n^n resamples
        x = rng.normal(0.02, 0.02, n).round(4)
        yield x, np.array([np.mean(c) for c in itertools.product(x, repeat=n)])
    for n in (6, 12):
        x = rng.normal(0.02, 0.02, n).round(4)
        r = stats.bootstrap((x,), np.mean, n_resamples=400_000, batch=50_000, method="percentile", rng=rng)
        yield x, r.bootstrap_distribution


golden["bootstraps"] = [
    {"x": x.tolist(), "lo": brackets(means)[0], "hi": brackets(means)[1]} for x, means in bootstraps()]


def isotonics():
    yield np.array([0.4, 0.7, 0.5, 0.8]), np.ones(4)
    yield np.array([0.9, 0.7, 0.5]), np.array([1.0, 2.0, 5.0])
    yield np.array([0.1, 0.2, 0.2, 0.3]), np.ones(4)
    for n in (5, 12):
        yield (np.arange(n) / n + rng.normal(0, 0.3, n)).round(4), rng.integers(1, 7, n).astype(float)


golden["isotonic"] = [
    {"y": y.tolist(), "weights": w.tolist(),
     "fitted": isotonic.IsotonicRegression().fit_transform(np.arange(len(y)), y, sample_weight=w).tolist()}
    for y, w in isotonics()
]

# A baseline of six seeds, four with the largest budget, whose mean curve is not
# monotone, and an arm that lacks that budget. The arm's means lie on rising parts
# of the curve, where inverting it by interpolation has one answer.
labels = np.array([10, 30, 100, 300, 1000])
baseline = (np.array([0.40, 0.55, 0.53, 0.66, 0.72]) + rng.normal(0, 0.005, (6, 5))).round(4)
arm = (np.array([0.47, 0.58, 0.64, 0.70]) + rng.normal(0, 0.005, (6, 4))).round(4)
means = np.append(baseline[:, :4].mean(axis=0), baseline[:4, 4].mean())
curve = isotonic.IsotonicRegression().fit_transform(np.log(labels), means, sample_weight=[6, 6, 6, 6, 4])
assert means[1] > means[2] and curve[1] == curve[2]
golden["efficiency"] = {
    "labels": labels.tolist(), "baseline": baseline.tolist(), "arm": arm.tolist(),
    "required": np.exp(np.interp(arm.mean(axis=0), curve, np.log(labels))).tolist(),
}

path = pathlib.Path(__file__).with_name("golden.json")
path.write_text(json.dumps(golden, indent=1, allow_nan=False) + "\n")
