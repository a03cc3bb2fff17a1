"""Makes optimizers.json: five steps of each optimiser, by the formulas of the
papers in NumPy float64, without any framework.

    python make_optimizer_golden.py

A kernel [2, 3] and a bias [3] get a fixed sequence of gradients; the learning
rate changes with every step. The last case's gradients are long enough to be
clipped in some steps and not in others.
"""

import json
import os

import numpy as np

STEPS = 5
RATES = [0.1, 0.05, 0.2, 0.1, 0.01]
rng = np.random.RandomState(7)
KERNEL, BIAS = rng.randn(2, 3), rng.randn(3)
GRADIENTS = [(rng.randn(2, 3), rng.randn(3)) for _ in range(STEPS)]


def sgd(momentum, nesterov, decay, clip=0):
    def make():
        state = {}

        def update(key, w, g, lr, t):
            if key == "kernel":
                g = g + decay * w
            if momentum == 0:
                return w - lr * g
            m = state[key] = momentum * state.get(key, 0) + g
            return w - lr * (g + momentum * m if nesterov else m)

        return update

    return make, clip


def adam(beta1, beta2, epsilon, decay=0, clip=0):
    def make():
        state = {}

        def update(key, w, g, lr, t):
            if key == "kernel":
                w = w - lr * decay * w
            m, v = state.get(key, (0, 0))
            m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g
            state[key] = m, v
            rate = lr * np.sqrt(1 - beta2**t) / (1 - beta1**t)
            return w - rate * m / (np.sqrt(v) + epsilon)

        return update

    return make, clip


def lars(momentum, decay, trust):
    def make():
        state = {}

        def update(key, w, g, lr, t):
            if key == "kernel":
                wn, gn = np.linalg.norm(w), np.linalg.norm(g)
                g = trust * wn / (gn + decay * wn) * (g + decay * w)
            m = state[key] = momentum * state.get(key, 0) + g
            return w - lr * m

        return update

    return make, 0


CASES = {
    "sgd_plain": sgd(0, False, 0),
    "sgd_momentum_decay": sgd(0.9, False, 0.01),
    "sgd_nesterov_decay": sgd(0.9, True, 0.01),
    "adam": adam(0.9, 0.999, 1e-8),
    "adam_epsilon": adam(0.8, 0.95, 0.1),
    "adamw": adam(0.9, 0.999, 1e-8, decay=0.5),
    "lars": lars(0.9, 0.1, 0.02),
    "sgd_clipped": sgd(0.9, True, 0, clip=2.9),
}


def run(make, clip):
    update, w, b = make(), KERNEL, BIAS
    trace = []
    for t, (lr, (gw, gb)) in enumerate(zip(RATES, GRADIENTS), 1):
        norm = np.sqrt(np.sum(gw**2) + np.sum(gb**2))
        scale = clip / norm if clip and norm > clip else 1
        w = update("kernel", w, gw * scale, lr, t)
        b = update("bias", b, gb * scale, lr, t)
        trace.append({"kernel": flat(w), "bias": flat(b)})
    return trace


def flat(x):
    return [float(f"{v:.9g}") for v in np.asarray(x).reshape(-1)]


golden = {
    "rates": RATES,
    "kernel": flat(KERNEL),
    "bias": flat(BIAS),
    "gradients": [{"kernel": flat(w), "bias": flat(b)} for w, b in GRADIENTS],
    "cases": {name: run(*case) for name, case in CASES.items()},
}
here = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(here, "optimizers.json"), "w") as f:
    json.dump(golden, f, indent=1)
    f.write("\n")
print("gradient norms:", [round(float(np.sqrt(np.sum(w**2) + np.sum(b**2))), 3) for w, b in GRADIENTS])
