"""Writes losses.json: the losses of the tasks on small random inputs and their
gradients, from the formulas of the papers in plain loops, in float64.

    python make_losses_golden.py        needs numpy alone

The gradient of a loss is its central difference with respect to every input
through which one flows; what a stop-gradient holds back stays as it is while an
input moves. A result that is no scalar is weighted by "weights" and summed for
its gradient.
"""

import json
import pathlib
from math import exp, log, sqrt

import numpy as np

STEP = 1e-5


def dot(a, b):
    return sum(x * y for x, y in zip(a, b))


def cosine(a, b):
    return dot(a, b) / sqrt(dot(a, a) * dot(b, b))


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def nt_xent(z1, z2, temperature):
    """Chen et al. 2020, equation 1: the views of image k are 2k and 2k+1."""
    z = [row for pair in zip(z1, z2) for row in pair]

    def pair_loss(i, j):
        others = sum(exp(cosine(z[i], z[k]) / temperature) for k in range(len(z)) if k != i)
        return -log(exp(cosine(z[i], z[j]) / temperature) / others)

    return mean((pair_loss(2 * k, 2 * k + 1) + pair_loss(2 * k + 1, 2 * k)) / 2 for k in range(len(z1)))


def info_nce(q, k, queue, temperature):
    """He et al. 2020, equation 1: one positive key and the queue."""
    losses = []
    for query, key in zip(q, k):
        positive = exp(dot(query, key) / temperature)
        losses.append(-log(positive / (positive + sum(exp(dot(query, other) / temperature) for other in queue))))
    return mean(losses)


def regression(p, target):
    """Grill et al. 2020, equation 2: the squared distance of unit vectors."""
    losses = []
    for a, b in zip(p, target):
        length_a, length_b = sqrt(dot(a, a)), sqrt(dot(b, b))
        losses.append(sum((x / length_a - y / length_b) ** 2 for x, y in zip(a, b)))
    return mean(losses)


def negative_cosine(p, z):
    """Chen and He 2021, equation 1."""
    return -mean(cosine(a, b) for a, b in zip(p, z))


def cross_correlation(z1, z2, lam):
    """Zbontar et al. 2021, equations 1 and 2, with 1e-5 in the variances."""
    n, d = z1.shape

    def normal(z, j):
        m = mean(z[:, j])
        variance = mean((x - m) ** 2 for x in z[:, j])
        return [(x - m) / sqrt(variance + 1e-5) for x in z[:, j]]

    loss = 0
    for i in range(d):
        for j in range(d):
            c = dot(normal(z1, i), normal(z2, j)) / n
            loss += (1 - c) ** 2 if i == j else lam * c**2
    return loss


def covariance(z, i, j):
    mi, mj = mean(z[:, i]), mean(z[:, j])
    return sum((x - mi) * (y - mj) for x, y in zip(z[:, i], z[:, j])) / (len(z) - 1)


def invariance(z1, z2):
    """Bardes et al. 2022, equation 5, over the dimensions as in algorithm 1."""
    return mean((x - y) ** 2 for a, b in zip(z1, z2) for x, y in zip(a, b))


def variance(z1, z2):
    """Equations 1 and 2, halved as in the authors' program."""
    d = z1.shape[1]
    return mean(mean(max(0, 1 - sqrt(covariance(z, j, j) + 1e-4)) for j in range(d)) for z in (z1, z2))


def covariance_term(z1, z2):
    """Equations 3 and 4."""
    d = z1.shape[1]
    return sum(covariance(z, i, j) ** 2 for z in (z1, z2) for i in range(d) for j in range(d) if i != j) / d


def assignments(scores, epsilon, iterations):
    """Caron et al. 2020, equation 5: diag(u) exp(scores/epsilon) diag(v), of which
    clusters add up to 1/K and images to 1/B. Each image's share is then 1."""
    n, k = scores.shape
    kernel = [[exp(s / epsilon) for s in row] for row in scores]
    u = [1.0] * n
    for _ in range(iterations):
        v = [1 / k / sum(u[i] * kernel[i][j] for i in range(n)) for j in range(k)]
        u = [1 / n / sum(kernel[i][j] * v[j] for j in range(k)) for i in range(n)]
    return np.array([[n * u[i] * kernel[i][j] * v[j] for j in range(k)] for i in range(n)])


def swapped(s1, s2, q1, q2, temperature):
    """Equation 2, averaged over the images and both directions."""

    def direction(scores, q):
        losses = []
        for row, target in zip(scores, q):
            total = sum(exp(s / temperature) for s in row)
            losses.append(-sum(t * log(exp(s / temperature) / total) for s, t in zip(row, target)))
        return mean(losses)

    return (direction(s1, q2) + direction(s2, q1)) / 2


def hidden_error(predicted, target, visible):
    """He et al. 2022: the mean over hidden patches of the mean over pixels."""
    losses = []
    for at in np.ndindex(visible.shape[:3]):
        if visible[at][0] == 0:
            losses.append(mean((x - y) ** 2 for x, y in zip(predicted[at], target[at])))
    return mean(losses)


def normalised_units(images, side):
    """The same: each patch by its own mean and deviation, pixel by pixel."""
    n, h, w, c = images.shape
    units = np.zeros((n, h // side, w // side, side * side * c))
    for i, u, v, _ in np.ndindex(units.shape):
        patch = []
        for y in range(side):
            for x in range(side):
                patch += [images[i, u * side + y, v * side + x, channel] for channel in range(c)]
        m = mean(patch)
        deviation = sqrt(mean((p - m) ** 2 for p in patch) + 1e-6)
        units[i, u, v] = [(p - m) / deviation for p in patch]
    return units


def hole_error(predicted, target, hole):
    """Pathak et al. 2016, equation 1, for each value of the hole."""
    n, h, w, c = predicted.shape
    return mean(
        (predicted[i, y, x, channel] - target[i, y, x, channel]) ** 2
        for i in range(n) for y in range(h) for x in range(w) for channel in range(c) if hole[i, y, x, 0] == 1
    )


cases = []


def rounded(array):
    """Nine digits, as many as single precision needs."""
    return [float(f"{v:.9g}") for v in np.ravel(array)]


def tensor(array):
    return {"dims": list(np.shape(array)), "values": rounded(array)}


def differences(loss, inputs, name, weights):
    inputs = dict(inputs)
    start = inputs[name]
    gradient = np.zeros(start.shape)

    def moved(at, by):
        inputs[name] = start.copy()
        inputs[name][at] += by
        return float(np.sum(weights * loss(**inputs)))

    for at in np.ndindex(start.shape):
        gradient[at] = (moved(at, STEP) - moved(at, -STEP)) / (2 * STEP)
    return gradient


def case(name, loss, inputs, flows, settings=None, constant=None):
    """flows names the inputs with a gradient; constant is what the loss takes
    beside inputs and settings."""
    settings = settings or {}
    # What the program reads is what is differentiated.
    inputs = {key: np.array(rounded(x)).reshape(x.shape) for key, x in inputs.items()}
    extra = constant(**inputs) if constant else {}
    want = loss(**inputs, **extra, **settings)
    weights = np.array(1.0) if np.ndim(want) == 0 else np.array(rounded(rng.uniform(0.5, 1.5, want.shape)))
    weights = weights.reshape(np.shape(want))
    gradients = {
        key: tensor(differences(lambda **x: loss(**x, **extra, **settings), inputs, key, weights)) for key in flows
    }
    cases.append({
        "loss": name, "inputs": {key: tensor(x) for key, x in inputs.items()}, "settings": settings,
        "want": tensor(want), "weights": tensor(weights), "gradients": gradients,
    })


def unit_rows(*shape):
    rows = rng.randn(*shape)
    return rows / np.sqrt((rows**2).sum(axis=1, keepdims=True))


for seed, n, d in (1, 5, 4), (2, 6, 7):
    rng = np.random.RandomState(seed)
    z = {"z1": rng.randn(n, d), "z2": rng.randn(n, d)}
    case("nt_xent", nt_xent, z, ["z1", "z2"], {"temperature": [0.3, 1.5][seed - 1]})
    case("info_nce", info_nce, {"q": unit_rows(n, d), "k": unit_rows(n, d), "queue": unit_rows(8, d)}, ["q"],
         {"temperature": [0.2, 0.7][seed - 1]})
    case("regression", regression, {"p": rng.randn(n, d), "target": rng.randn(n, d)}, ["p"])
    case("negative_cosine", negative_cosine, {"p": rng.randn(n, d), "z": rng.randn(n, d)}, ["p", "z"])
    # Deviations so small that what is added to variances shows.
    small = {key: np.geomspace(0.005, 1, d) * x for key, x in z.items()}
    case("cross_correlation", cross_correlation, small, ["z1", "z2"], {"lam": [0.25, 0.005][seed - 1]})
    # Deviations on both sides of 1.
    spread = np.linspace(0.2, 2, d)
    z = {"z1": spread * rng.randn(n, d) + 1, "z2": spread[::-1] * rng.randn(n, d) - 1}
    for name, term in ("invariance", invariance), ("variance", variance), ("covariance", covariance_term):
        case(name, term, z, ["z1", "z2"])
    epsilon, iterations = [(0.2, 3), (0.6, 5)][seed - 1]
    s1, s2 = rng.uniform(-1, 1, (n, 8)), rng.uniform(-1, 1, (n, 8))
    settings = {"epsilon": epsilon, "iterations": iterations}
    case("assignments", assignments, {"scores": s1}, [], settings)
    case("swapped", lambda s1, s2, q1, q2, temperature, **_: swapped(s1, s2, q1, q2, temperature),
         {"s1": s1, "s2": s2}, ["s1", "s2"], {"temperature": [0.1, 0.5][seed - 1], **settings},
         lambda s1, s2: {"q1": assignments(s1, **settings), "q2": assignments(s2, **settings)})
    visible = np.zeros((2, 3, 2, 1))
    for image in visible.reshape(2, 6):
        image[rng.permutation(6)[: 1 + seed]] = 1
    case("hidden_error", hidden_error,
         {"predicted": rng.randn(2, 3, 2, d), "target": rng.randn(2, 3, 2, d), "visible": visible}, ["predicted", "target"])
    images = rng.uniform(0, 1, (2, 4, 6, seed))
    images[1] *= 0.01
    case("normalised_units", normalised_units, {"images": images}, ["images"], {"side": 2})
    hole = np.zeros((2, 4, 5, 1))
    hole[0, 1:3, seed : seed + 2], hole[1, 0:2, 3:5] = 1, 1
    case("hole_error", hole_error,
         {"predicted": rng.randn(2, 4, 5, 3), "target": rng.randn(2, 4, 5, 3), "hole": hole}, ["predicted", "target"])

lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
pathlib.Path(__file__).with_name("losses.json").write_text("[\n" + lines + "\n]\n")
