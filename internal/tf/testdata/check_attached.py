"""Checks that Python reads SavedModels that AttachHead made of Keras models.

usage: check_attached.py EXPECTED_JSON MODEL_DIR...

EXPECTED_JSON holds images (flat, pixel values 0 to 255) and their shape, the
features that Keras computed for them, and kernel and bias of the head, from which
NumPy computes the rest. Gradients are not asked for: Python has none through the
functions that such a model calls.
"""
import json
import sys

import keras
import numpy as np
import tensorflow as tf

expected = json.load(open(sys.argv[1]))
images = np.array(expected["images"], np.float32).reshape(expected["shape"])
features, kernel, bias = (np.array(expected[k]) for k in ("features", "kernel", "bias"))
features = features.reshape(len(images), -1)
logits = features @ kernel.reshape(features.shape[1], -1) + bias
exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
want = {"features": features, "logits": logits, "probabilities": exponents / exponents.sum(axis=1, keepdims=True)}


def check(reader, outputs, *names):
    assert sorted(outputs) == sorted(names), (reader, sorted(outputs))
    for name in names:
        difference = float(np.max(np.abs(np.asarray(outputs[name]) - want[name])))
        print(f"{reader}: {name} differ by {difference:.2g}")
        assert difference <= 1e-5 * max(1, np.abs(want[name]).max()), (reader, name)


for model in sys.argv[2:]:
    loaded = tf.saved_model.load(model)
    for signature in ("serving_default", "serve"):
        check(signature, loaded.signatures[signature](images=tf.constant(images)), "logits", "probabilities")
    check("features", loaded.signatures["features"](images=tf.constant(images)), "features")
    check("TFSMLayer", keras.layers.TFSMLayer(model)(images), "logits", "probabilities")
    serving = loaded.signatures["serving_default"]
    assert len(serving.variables) == expected["variables"], len(serving.variables)
    assert len(serving.trainable_variables) == expected["trainable"], len(serving.trainable_variables)
