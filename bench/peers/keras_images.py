"""Decoding JPEG files and augmenting views with tf.data, in as many threads as there are cores."""
import math
import time
from pathlib import Path

import tensorflow as tf

from serve import Work, serve
from stored import stored

BATCH, VIEWS = 128, 4096


def decode(folder: str, threads: int) -> tf.data.Dataset:
    files = [str(path) for path in sorted(Path(folder).rglob("*.jpg"))]

    def read(file):
        return tf.io.decode_jpeg(tf.io.read_file(file), 3, dct_method="INTEGER_ACCURATE")

    return tf.data.Dataset.from_tensor_slices(files).map(read, threads).batch(BATCH)


def sometimes(share: float, change, image):
    return tf.cond(tf.random.uniform([]) < share, lambda: change(image), lambda: image)


def view(image):
    """The view of simclr_lightly.py: crop, flip, jitter of brightness, contrast, saturation and hue, grey."""
    height, width, channels = image.shape
    image = tf.image.convert_image_dtype(image, tf.float32)
    area = tf.random.uniform([], 0.2, 1)
    aspect = tf.exp(tf.random.uniform([], math.log(3 / 4), math.log(4 / 3)))
    h, w = tf.minimum(tf.sqrt(area / aspect), 1), tf.minimum(tf.sqrt(area * aspect), 1)
    top, left = tf.random.uniform([]) * (1 - h), tf.random.uniform([]) * (1 - w)
    box = tf.stack([top, left, top + h, left + w])[tf.newaxis]
    image = tf.image.crop_and_resize(image[tf.newaxis], box, [0], (height, width))[0]
    image = tf.image.random_flip_left_right(image)
    image = sometimes(0.8, lambda x: x * tf.random.uniform([], 0.6, 1.4), image)
    image = sometimes(0.8, lambda x: tf.image.random_contrast(x, 0.6, 1.4), image)
    image = sometimes(0.8, lambda x: tf.image.random_saturation(x, 0.6, 1.4), image)
    image = sometimes(0.8, lambda x: tf.image.random_hue(x, 0.1), image)
    image = sometimes(0.2, lambda x: tf.tile(tf.image.rgb_to_grayscale(x), [1, 1, channels]), image)
    return tf.clip_by_value(image, 0, 1)


def prepare(work: str, data: str, threads: int) -> Work:
    if work == "decode":
        passes = decode(data, threads)
    else:
        images = tf.data.Dataset.from_tensor_slices(stored(data, "unlabelled")).repeat()
        passes = images.map(view, threads).batch(BATCH).take(VIEWS // BATCH)
    options = tf.data.Options()
    options.threading.private_threadpool_size = threads
    passes = passes.with_options(options)

    def run(n: int) -> tuple[float, float]:
        start = time.perf_counter()
        done = sum(len(images) for _ in range(n) for images in passes)
        return time.perf_counter() - start, done

    return run


if __name__ == "__main__":
    serve(prepare, {"tensorflow": tf.__version__})
