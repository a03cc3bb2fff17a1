"""Makes the golden files that referee package backbone: what Keras's own
MobileNetV2 computes.

    python make_keras_golden.py FASHION_MNIST_DIR

writes keras_variables.json, keras_network.npz and keras_blocks.npz beside this
script. Needs keras 3 and tensorflow 2.18; takes about a minute on two cores.
FASHION_MNIST_DIR holds t10k-images-idx3-ubyte.gz (Xiao et al. 2017, MIT
licence); the first eight test images are stored in the golden file.

Choices, and why:

* Weights are a formula of the variable's name and the element's index
  (`formula`), which the Go test repeats, so no weights are stored. Moving
  statistics, scales and offsets are not trivial.
* The golden values come from Keras in float64: they are the truth, not one of
  two float32 opinions. Beside each stands how far Keras in float32 is from it,
  once with oneDNN and once without, in processes of their own. Gradients of a
  batch-norm network of 52 layers are ill-conditioned at the start, so "as close
  to the truth as Keras is" is the sharpest criterion there is for a whole
  network; single blocks are held to 1e-4.
* Gradients of a whole network (2.2 million numbers) are stored as their norm
  and 16 projections on random signs: for a difference d, the mean square of its
  projections is an unbiased estimate of |d|^2 with a relative error of about a
  third. It sees every element, so a wrong, swapped or missing gradient shows.
  Outputs and moving averages are stored whole, and for blocks everything is.
* Fixed image size and batch; 2x2, 1x1 and odd maps are among the blocks, since
  small maps take another path in Go.
"""

import gzip
import json
import os
import subprocess
import sys
import tempfile

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
PROJECTIONS = 16
MOMENTUM = 0.9

# (name, alpha, pixels, stem stride, stage strides)
NETWORKS = [
    ("imagenet_100", 1.0, 64, 2, [1, 2, 2, 2, 1, 2, 1]),
    ("imagenet_035", 0.35, 64, 2, [1, 2, 2, 2, 1, 2, 1]),
    ("small_035", 0.35, 32, 2, [1, 2, 2, 2, 1, 1, 1]),
]
STAGES = [(1, 16, 1), (6, 24, 2), (6, 32, 3), (6, 64, 4), (6, 96, 3), (6, 160, 3), (6, 320, 1)]

# (name, kind or block index, input shape, stride, filters), all at alpha 0.35
BLOCKS = [
    ("stem_even", "stem", (4, 12, 12, 3), 2, 0),
    ("stem_odd", "stem", (4, 9, 9, 3), 2, 0),
    ("stem_stride1", "stem", (4, 6, 6, 3), 1, 0),
    ("expanded_conv", 0, (4, 8, 8, 16), 1, 16),
    ("residual", 2, (4, 6, 6, 8), 1, 24),
    ("widening", 10, (4, 4, 4, 24), 1, 96),
    ("stride2_even", 1, (4, 8, 8, 8), 2, 24),
    ("stride2_odd", 1, (4, 7, 7, 8), 2, 24),
    ("residual_3x3", 2, (8, 3, 3, 8), 1, 24),
    ("stride2_3x3", 1, (8, 3, 3, 8), 2, 24),
    ("residual_2x2", 2, (8, 2, 2, 8), 1, 24),
    ("stride2_2x2", 1, (16, 2, 2, 8), 2, 24),
    ("residual_1x1", 2, (32, 1, 1, 8), 1, 24),
    ("stride2_1x1", 1, (32, 1, 1, 8), 2, 24),
    ("last", "last", (4, 2, 2, 8), 1, 0),
]


def fnv1a(name):
    h = 0xCBF29CE484222325
    for b in name.encode():
        h = (h ^ b) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return h


def bits(name, count):
    """splitmix64 at the states fnv1a(name) + (i+1) * golden ratio."""
    with np.errstate(over="ignore"):
        z = np.uint64(fnv1a(name)) + (np.arange(count, dtype=np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def uniform(name, shape, centre, spread):
    u = (bits(name, int(np.prod(shape))) >> np.uint64(40)).astype(np.float64) / 2**24
    return (centre + spread * (2 * u - 1)).astype(np.float32).reshape(shape)


def formula(path, shape):
    kind = path.rsplit("/", 1)[1]
    if kind == "kernel":
        fan_in = shape[0] * shape[1] * (1 if "depthwise" in path else shape[2])
        return uniform(path, shape, 0.0, np.sqrt(6.0 / fan_in))
    centre, spread = {"gamma": (1, 0.3), "beta": (0, 0.3), "moving_mean": (0, 0.2), "moving_variance": (1, 0.5)}[kind]
    return uniform(path, shape, centre, spread)


def project(name, values):
    """Sums of the elements with random signs; bit k of an element's hash is its sign in sum k."""
    h = bits("sign/" + name, values.size)
    flat = values.reshape(-1).astype(np.float64)
    return np.array([np.sum(np.where(h >> np.uint64(k) & np.uint64(1), flat, -flat)) for k in range(PROJECTIONS)])


def images(folder):
    with gzip.open(os.path.join(folder, "t10k-images-idx3-ubyte.gz")) as f:
        raw = np.frombuffer(f.read(), np.uint8, 8 * 28 * 28, 16).reshape(8, 28, 28)
    grey = np.pad(raw, ((0, 0), (2, 2), (2, 2))).astype(np.int64)
    tints = [255, 200, 150]  # so that the channels differ
    return np.stack([(grey * t // 255).astype(np.uint8) for t in tints], -1)


def pixels(u8, size):
    scale = size // 32
    return np.repeat(np.repeat(u8, scale, 1), scale, 2).astype(np.float32) / np.float32(127.5) - np.float32(1)


def network(alpha, size, stem, strides):
    """keras.applications.MobileNetV2, with other strides where asked for."""
    import keras
    from keras.src.applications import mobilenet_v2 as reference

    keras.backend.clear_session()
    if (stem, strides) == (2, [1, 2, 2, 2, 1, 2, 1]):
        return reference.MobileNetV2(
            input_shape=(size, size, 3), alpha=alpha, include_top=False, weights=None, pooling="avg"
        )
    inputs = keras.layers.Input((size, size, 3))
    x = stem_layers(inputs, alpha, stem)
    block = 0
    for (expansion, filters, blocks), stride in zip(STAGES, strides):
        for j in range(blocks):
            x = reference._inverted_res_block(x, expansion, stride if j == 0 else 1, alpha, filters, block)
            block += 1
    return keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(last_layers(x)))


def stem_layers(x, alpha, stride):
    from keras import layers
    from keras.src.applications.mobilenet_v2 import _make_divisible

    filters = _make_divisible(32 * alpha, 8)
    x = layers.Conv2D(filters, 3, stride, "same", use_bias=False, name="Conv1")(x)
    return layers.ReLU(6.0)(layers.BatchNormalization(epsilon=1e-3, name="bn_Conv1")(x))


def last_layers(x):
    from keras import layers

    x = layers.Conv2D(1280, 1, use_bias=False, name="Conv_1")(x)
    return layers.ReLU(6.0)(layers.BatchNormalization(epsilon=1e-3, name="Conv_1_bn")(x))


def block(kind, shape, stride, filters):
    import keras
    from keras.src.applications import mobilenet_v2 as reference

    keras.backend.clear_session()
    inputs = keras.layers.Input(shape[1:])
    if kind == "stem":
        y = stem_layers(inputs, 0.35, stride)
    elif kind == "last":
        y = last_layers(inputs)
    else:
        y = reference._inverted_res_block(inputs, 1 if kind == 0 else 6, stride, 0.35, filters, kind)
    return keras.Model(inputs, y)


def evaluate(model, name, x, dtype):
    """Inference, then one training pass: outputs, gradients, moving averages."""
    import keras
    import tensorflow as tf

    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = MOMENTUM
    for v in model.variables:
        v.assign(formula(v.path, tuple(v.shape)))
    x = tf.convert_to_tensor(x.astype(dtype))
    result = {"infer": model(x, training=False).numpy()}
    weights = uniform("loss/" + name, result["infer"].shape, 0, 1).astype(dtype)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = model(x, training=True)
        loss = tf.reduce_sum(y * weights)
    trainable = list(model.trainable_variables)
    grads = tape.gradient(loss, [x] + [v.value for v in trainable])
    result["train"], result["dx"] = y.numpy(), grads[0].numpy()
    for v, g in zip(trainable, grads[1:]):
        result["grad/" + v.path] = g.numpy()
    for v in model.non_trainable_variables:
        result["moving/" + v.path] = v.numpy()
    return result


def fused_call(self, inputs, training=None, mask=None):
    """BatchNormalization.call by the fused operation."""
    import tensorflow as tf

    moving = self.moving_mean, self.moving_variance
    y, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=inputs, scale=self.gamma.value, offset=self.beta.value, epsilon=self.epsilon, is_training=bool(training),
        mean=[] if training else moving[0].value, variance=[] if training else moving[1].value,
    )
    if training:
        m = np.prod(inputs.shape[:3])
        for v, batch in zip(moving, (mean, variance * ((m - 1) / m))):
            v.assign(v * self.momentum + batch * (1 - self.momentum))
    return y


def worker(dtype, folder, out, fused):
    import keras

    keras.config.set_floatx(dtype)
    if fused == "fused":
        keras.layers.BatchNormalization.call = fused_call
    u8, results = images(folder), {}
    for name, alpha, size, stem, strides in NETWORKS:
        model = network(alpha, size, stem, strides)
        for k, v in evaluate(model, name, pixels(u8, size), dtype).items():
            results[name + ":" + k] = v
    for name, kind, shape, stride, filters in BLOCKS:
        model = block(kind, shape, stride, filters)
        for k, v in evaluate(model, name, uniform("input/" + name, shape, 0.5, 2), dtype).items():
            results[name + ":" + k] = v
    np.savez(out, **results)


def variables():
    table = {}
    for alpha in (1.0, 0.35):
        model = network(alpha, 64, 2, [1, 2, 2, 2, 1, 2, 1])
        table[str(alpha)] = [{"name": v.path, "shape": list(v.shape), "trainable": v.trainable} for v in model.variables]
    return table


def distance(a, truth):
    return np.linalg.norm(a.astype(np.float64) - truth)


def condense(truth, floats, folder):
    """Golden arrays of the whole networks."""
    gold = {"images": images(folder)}
    for name, *_ in NETWORKS:
        mine = {k.split(":")[1]: k for k in truth.files if k.startswith(name + ":")}
        for kind in ("infer", "train"):
            gold[f"{name}/{kind}"] = truth[mine[kind]].astype(np.float32)
        for short, key in mine.items():
            if short.startswith("moving/"):
                gold[f"{name}/{short}"] = truth[key].astype(np.float32)
            elif short.startswith("grad/"):
                gold[f"{name}/{short}/norm"] = np.float64(np.linalg.norm(truth[key]))
                gold[f"{name}/{short}/projections"] = project(short[5:], truth[key])
            if short != "dx":
                gold[f"{name}/{short}/keras"] = np.array([distance(r[key], truth[key]) for r in floats])
    return gold


def save(name, arrays):
    np.savez_compressed(os.path.join(HERE, name), **{k: np.ascontiguousarray(v) for k, v in arrays.items()})


def main(folder):
    with tempfile.TemporaryDirectory() as tmp:
        runs = {}
        for label, dtype, onednn, norm in (
            ("truth", "float64", "0", "sums"),
            ("on", "float32", "1", "sums"),
            ("off", "float32", "0", "sums"),
            ("fused", "float32", "1", "fused"),
        ):
            out = os.path.join(tmp, label + ".npz")
            env = dict(os.environ, TF_ENABLE_ONEDNN_OPTS=onednn, TF_CPP_MIN_LOG_LEVEL="2", KERAS_BACKEND="tensorflow")
            subprocess.run([sys.executable, __file__, folder, dtype, out, norm], env=env, check=True)
            runs[label] = np.load(out)
        gold = condense(runs["truth"], [runs[k] for k in ("on", "off", "fused")], folder)
        save("keras_network.npz", gold)
        names = {name for name, *_ in BLOCKS}
        blocks = {k.replace(":", "/"): runs["truth"][k].astype(np.float32) for k in runs["truth"].files if k.split(":")[0] in names}
        save("keras_blocks.npz", blocks)
        report(runs, names)
    with open(os.path.join(HERE, "keras_variables.json"), "w") as f:
        f.write("{\n" + ",\n".join(
            json.dumps(alpha) + ": [\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]" for alpha, rows in variables().items()
        ) + "\n}\n")


def report(runs, blocks):
    """Prints how far float32 Keras is from float64 Keras, the scale that the tests use.

    The worst relative distances of gradients are those of offsets whose true
    gradient is zero, because the next batch-norm takes a shift out again."""
    truth = runs["truth"]
    for name, *_ in NETWORKS:
        for kind in ("infer", "train", "grad/", "moving/"):
            keys = [k for k in truth.files if k.startswith(name + ":" + kind)]
            for label in ("on", "off", "fused"):
                d = [distance(runs[label][k], truth[k]) / np.linalg.norm(truth[k]) for k in keys]
                print(f"{name:13} {kind:8} {label:5} median {np.median(d):.2e} worst {np.max(d):.2e}")
        y = truth[name + ":infer"]
        print(f"{name:13} output mean {y.mean():.3f} sd {y.std():.3f}, zero {np.mean(y == 0):.3f}, six {np.mean(y == 6):.3f}")
    for label in ("on", "off", "fused"):
        worst = max((np.max(np.abs(runs[label][k] - truth[k])) / np.max(np.abs(truth[k])), k)
                    for k in truth.files if k.split(":")[0] in blocks)
        print("blocks,", label, "largest difference over largest value:", worst)


if __name__ == "__main__":
    if len(sys.argv) == 5:
        worker(sys.argv[2], sys.argv[1], *sys.argv[3:])
    elif len(sys.argv) == 2:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        main(sys.argv[1])
    else:
        sys.exit(__doc__)
