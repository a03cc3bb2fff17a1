"""Calls a SavedModel of texts as TensorFlow and Keras do, and compares with expected.json.

    python check_text.py MODEL expected.json        needs tensorflow and keras

expected.json is a list of calls: tokens [N][L], signature, output, shape, values.
"""

import json
import sys

import keras
import numpy as np
import tensorflow as tf

model, expected = sys.argv[1], json.load(open(sys.argv[2]))
loaded = tf.saved_model.load(model)
layers = {}
for call in expected:
    tokens = tf.constant(call["tokens"], tf.int32)
    want = np.array(call["values"], np.float32).reshape(call["shape"])
    if call["signature"] not in layers:
        layers[call["signature"]] = keras.layers.TFSMLayer(model, call_endpoint=call["signature"])
    layer = layers[call["signature"]]
    for name, outputs in (("saved_model", loaded.signatures[call["signature"]](tokens=tokens)), ("TFSMLayer", layer(tokens))):
        got = outputs[call["output"]].numpy()
        error = np.abs(got - want).max() / np.abs(want).max()
        print(call["signature"], tokens.shape, name, error)
        assert got.shape == want.shape and error < 1e-5
