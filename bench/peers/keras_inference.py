"""Inference by Keras predict, and by onnxruntime on what tf2onnx makes of our SavedModel."""
import os
import subprocess
import sys
import time

import numpy as np

from serve import Work, serve

IMAGES = 512


def with_keras(alpha: float, pixels: int, strides: str, threads: int):
    import tensorflow as tf

    from keras_network import mobilenet_v2

    if tf.config.threading.get_intra_op_parallelism_threads() != threads:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
    model = mobilenet_v2(alpha, pixels, strides, 10)
    return lambda images, batch: model.predict(images, batch_size=batch, verbose=0)


def with_onnxruntime(model: str, threads: int):
    import onnxruntime

    file = model + ".onnx"
    if not os.path.exists(file):
        convert = [sys.executable, "-m", "tf2onnx.convert", "--saved-model", model, "--signature_def", "serving_default"]
        subprocess.run([*convert, "--output", file], check=True, stdout=sys.stderr)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def predict(images, batch):
        for start in range(0, len(images), batch):
            session.run(None, {name: images[start : start + batch]})

    return predict


def prepare(by: str, model: str, alpha: float, pixels: int, strides: str, batch: int, threads: int) -> Work:
    predict = with_keras(alpha, pixels, strides, threads) if by == "keras" else with_onnxruntime(model, threads)
    random = np.random.default_rng(1)
    images = random.integers(0, 256, (IMAGES, pixels, pixels, 3)).astype(np.float32)

    def run(n: int) -> tuple[float, float]:
        start = time.perf_counter()
        for _ in range(n):
            predict(images, batch)
        return time.perf_counter() - start, n * IMAGES

    return run


if __name__ == "__main__":
    from importlib.metadata import version

    serve(prepare, {name: version(name) for name in ("keras", "onnxruntime", "tf2onnx")})
