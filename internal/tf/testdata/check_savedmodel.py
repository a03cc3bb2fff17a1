"""Checks that TensorFlow's Python tools read a SavedModel written from Go.

usage: check_savedmodel.py MODEL_DIR EXPECTED_JSON

EXPECTED_JSON holds images (flat, pixel values 0 to 255), their shape, the logits
and features that Go computed for them, and the numbers of variables and of
trainable ones. Needs tensorflow 2.18, keras, tf2onnx and onnxruntime.
"""
import json
import subprocess
import sys
import tempfile

import keras
import numpy as np
import onnxruntime
import tensorflow as tf

model, expected = sys.argv[1], json.load(open(sys.argv[2]))
images = np.array(expected["images"], np.float32).reshape(expected["shape"])
want = {k: np.array(expected[k], np.float32).reshape(len(images), -1) for k in ("logits", "features")}


def check(reader, got, name="logits", tolerance=1e-5):
    tolerance *= max(1, np.abs(want[name]).max())
    difference = float(np.max(np.abs(np.asarray(got) - want[name])))
    print(f"{reader}: {name} differ by {difference:.2g}")
    assert difference <= tolerance, reader


loaded = tf.saved_model.load(model)
serving = loaded.signatures["serving_default"]
check("tf.saved_model.load", serving(images=tf.constant(images))["logits"])
check("tf.saved_model.load", loaded.signatures["features"](images=tf.constant(images))["features"], "features")
assert len(serving.variables) == expected["variables"], len(serving.variables)
assert len(serving.trainable_variables) == expected["trainable"], len(serving.trainable_variables)

classes = want["logits"].shape[1]
labels = tf.one_hot(np.arange(len(images)) % classes, classes)
losses = []
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels, serving(images=tf.constant(images))["logits"]))
    variables = serving.trainable_variables
    for variable, gradient in zip(variables, tape.gradient(loss, variables)):
        assert gradient is not None, variable.name
        variable.assign_sub(1e-4 * gradient)
    losses.append(float(loss))
print("gradient steps: losses", losses)
assert losses[0] > losses[1] > losses[2]

layer = keras.layers.TFSMLayer(model)
check("TFSMLayer", layer(images)["logits"])
inputs = keras.Input(images.shape[1:])
head = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.TFSMLayer(model, call_endpoint="features")(inputs)["features"]))
head.compile("sgd", "mse")
head.fit(images, np.zeros((len(images), 2)), verbose=0)

shown = subprocess.run(
    [sys.executable, "-m", "tensorflow.python.tools.saved_model_cli", "show", "--dir", model, "--all"],
    check=True, capture_output=True, text=True).stdout
for part in ("'serve'", "serving_default", "images:0", "logits:0", str((-1, *images.shape[1:]))):
    assert part in shown, f"saved_model_cli does not show {part}:\n{shown}"
print("saved_model_cli: shows tag, signatures and shapes")

with tempfile.TemporaryDirectory() as folder:
    onnx = folder + "/model.onnx"
    subprocess.run(
        [sys.executable, "-m", "tf2onnx.convert", "--saved-model", model, "--signature_def", "serving_default", "--output", onnx],
        check=True, capture_output=True)
    session = onnxruntime.InferenceSession(onnx, providers=["CPUExecutionProvider"])
    for part in (images, images[:1]):
        got = session.run(None, {"images": part})[0]
        check(f"tf2onnx and onnxruntime, batch {len(part)}", np.concatenate([got, want["logits"][len(part):]]))
