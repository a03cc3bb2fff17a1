"""Writes SavedModels as people make them with Keras 3, and what Keras computes.

usage: make_keras.py tiny|mobilenet DIR

DIR gets export/ (model.export) and save/ (tf.saved_model.save) of one encoder, and
expected.json: the shapes of images, of the encoder's output for them, and of every
variable by Keras's path, whose values follow each other in expected.f32. The
encoder sees pixel/127.5 - 1, and images of the shape in "images" are resized to
its own first. keras_tiny beside this script was made with tensorflow-cpu 2.18.0
and keras 3.15.1. fingerprint.pb, which names each writing anew, is left out.
"""
import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import numpy as np
import tensorflow as tf

kind, folder = sys.argv[1:]
keras.utils.set_random_seed(7)
if kind == "tiny":
    size, own = 8, 8
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(4, 3, strides=2, padding="same", use_bias=False, name="Conv1")(inputs)
    x = keras.layers.BatchNormalization(name="bn_Conv1")(x)
    model = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(keras.layers.ReLU(6.0)(x)))
else:
    size, own = 64, 96
    model = keras.applications.MobileNetV2(alpha=0.35, input_shape=(96, 96, 3), weights=None, include_top=False)
random = np.random.default_rng(7)
for v in model.variables:
    centre = {"gamma": 1, "moving_variance": 1}.get(v.name, 0)
    if v.name != "kernel":
        v.assign(centre + 0.3 * random.uniform(-1, 1, v.shape))

images = random.integers(0, 256, (3, size, size, 3)).astype(np.float32)
seen = tf.image.resize(images, (own, own)) / 127.5 - 1
arrays = {"images": images, "output": model(seen).numpy()}
arrays |= {"variables/" + v.path: v.numpy() for v in model.variables}
model.export(folder + "/export", verbose=False)
tf.saved_model.save(model, folder + "/save")
for style in ("export", "save"):
    os.remove(f"{folder}/{style}/fingerprint.pb")
    os.rmdir(f"{folder}/{style}/assets")
with open(folder + "/expected.json", "w") as f:
    json.dump([{"name": name, "shape": a.shape} for name, a in arrays.items()], f, indent=1)
    f.write("\n")
with open(folder + "/expected.f32", "wb") as f:
    for a in arrays.values():
        f.write(a.astype("<f4").tobytes())
