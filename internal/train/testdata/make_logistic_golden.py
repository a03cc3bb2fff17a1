"""Writes logistic_golden.json: penalised multinomial logistic regressions solved
by SciPy in float64, as referee for FitLogistic.

    python make_logistic_golden.py > logistic_golden.json
"""
import json

import numpy as np
from scipy.optimize import minimize

rng = np.random.default_rng(20181)
n, features, classes = 40, 6, 3
centres = rng.normal(size=(classes, features))
y = rng.integers(0, classes, size=n)
x = (centres[y] + 1.3 * rng.normal(size=(n, features))) * np.array([1, 10, 0.1, 1, 1, 1])
x[:, 5] = 7.0  # a constant feature must not matter
x = np.round(x, 4).astype(np.float32)

x64 = x.astype(np.float64)
std = x64.std(axis=0)
z = np.where(std < 1e-6, 0, (x64 - x64.mean(axis=0)) / np.where(std < 1e-6, 1, std))


def objective(theta, l2):
    w, b = theta[:-classes].reshape(features, classes), theta[-classes:]
    logits = z @ w + b
    logits -= logits.max(axis=1, keepdims=True)
    logp = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    loss = -logp[np.arange(n), y].mean() + l2 / 2 * (w**2).sum()
    d = (np.exp(logp) - np.eye(classes)[y]) / n
    return loss, np.concatenate([(z.T @ d + l2 * w).ravel(), d.sum(axis=0)])


solutions = {}
for l2 in [1, 0.1, 0.01, 0.001]:
    r = minimize(objective, np.zeros((features + 1) * classes), args=(l2,), jac=True, method="BFGS",
                 options={"gtol": 1e-9, "maxiter": 5000})
    w, b = r.x[:-classes].reshape(features, classes), r.x[-classes:]
    p = np.exp(z @ w + b)
    solutions[str(l2)] = {"loss": r.fun, "probabilities": (p / p.sum(axis=1, keepdims=True)).ravel().tolist()}

print(json.dumps({"features": features, "classes": classes, "x": [float(f"{v:.4f}") for v in x.ravel()], "y": y.tolist(),
                  "solutions": solutions}))
