"""A supervised training step by Keras: fit on a tf.data pipeline, float32 or mixed, no XLA."""
import time

import keras
import numpy as np
import tensorflow as tf

from keras_network import mobilenet_v2
from serve import Work, serve

STORED, CLASSES = 1024, 10


def prepare(alpha: float, pixels: int, strides: str, batch: int, threads: int, device: str, mixed: bool = False) -> Work:
    if tf.config.threading.get_intra_op_parallelism_threads() != threads:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
    keras.backend.clear_session()
    keras.utils.set_random_seed(1)
    keras.mixed_precision.set_global_policy("mixed_bfloat16" if mixed else "float32")
    if device == "gpu" and not tf.config.list_physical_devices("GPU"):
        raise RuntimeError("TensorFlow finds no GPU")
    model = mobilenet_v2(alpha, pixels, strides, CLASSES)
    optimizer = keras.optimizers.AdamW(1e-3, weight_decay=0.05)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, metrics=["accuracy"], jit_compile=False)

    random = np.random.default_rng(1)
    images = random.integers(0, 256, (STORED, pixels, pixels, 3), np.uint8)
    labels = (np.arange(STORED) % CLASSES).astype(np.int32)
    data = tf.data.Dataset.from_tensor_slices((images, labels)).shuffle(STORED).repeat()
    data = data.batch(batch, drop_remainder=True).prefetch(2)

    def run(n: int) -> tuple[float, float]:
        start = time.perf_counter()
        model.fit(data, steps_per_epoch=n, epochs=1, verbose=0)
        return time.perf_counter() - start, n * batch

    return run


if __name__ == "__main__":
    serve(prepare, {"tensorflow": tf.__version__, "keras": keras.__version__})
