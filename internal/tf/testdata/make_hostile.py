"""Writes SavedModels that do more than compute, as TensorFlow's own Python writes them.

usage: make_hostile.py DIR

Each takes images float32 [?, 4, 4, 3] and gives features float32 [?, 3]. What they do
besides is in functions that are called by others, by branches and by loops. DIR/NAME
gets saved_model.pb alone: none is ever loaded that far that its values matter. loop
does nothing else, and comes with its values. hostile beside this script was made with
tensorflow-cpu 2.18.0.
"""
import os
import shutil
import sys
import tempfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import tensorflow as tf

folder = sys.argv[1]
vocabulary = os.path.join(tempfile.mkdtemp(), "vocabulary.txt")
with open(vocabulary, "w") as f:
    f.write("a\nb\n")


def write_file(x):
    tf.io.write_file("/tmp/hostile", "written")
    return x


def write_in_branch(x):
    return tf.cond(tf.reduce_sum(x) > 0, lambda: write_file(x), lambda: x)


def write_in_loop(x):
    return tf.while_loop(lambda i, x: i < 2, lambda i, x: (i + 1, write_in_branch(x)), [0, x])[1]


def read_file(x):
    return x + tf.cast(tf.strings.length(tf.io.read_file("/etc/passwd")), tf.float32)


def list_files(x):
    return x + tf.cast(tf.size(tf.io.matching_files("/etc/*")), tf.float32)


def python(x):
    y = tf.py_function(lambda x: x * 2, [x], tf.float32)
    y.set_shape(x.shape)
    return y


def print_to_file(x):
    tf.print("hello", output_stream="file:///tmp/hostile")
    return x


def dataset(x):
    lines = tf.data.TextLineDataset("/etc/passwd")
    return x + lines.reduce(0.0, lambda n, _: n + 1)


def restore(x):
    return x + tf.raw_ops.RestoreV2(prefix="/tmp/hostile", tensor_names=["a"], shape_and_slices=[""], dtypes=[tf.float32])[0]


def summary(x):
    writer = tf.raw_ops.SummaryWriter(shared_name="w", container="")
    tf.raw_ops.CreateSummaryFileWriter(writer=writer, logdir="/tmp/hostile", max_queue=1, flush_millis=1, filename_suffix="")
    return x


def loop(x):
    y = tf.map_fn(lambda row: tf.where(tf.reduce_sum(row) > 0, row, -row), x)
    return tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * 2 + 1), [0, y])[1]


class Model(tf.Module):
    def __init__(self, more):
        super().__init__()
        self.scale = tf.Variable([1.0, 2.0, 3.0], name="scale")
        inner = tf.function(more)
        self.outer = tf.function(lambda x: inner(x))

    @tf.function(input_signature=[tf.TensorSpec([None, 4, 4, 3], tf.float32, name="images")])
    def __call__(self, images):
        return {"features": tf.ensure_shape(self.outer(tf.reduce_mean(images, [1, 2])) * self.scale, [None, 3])}


class Table(Model):
    """Its initialiser reads a file among its assets."""

    def __init__(self):
        super().__init__(self.look)
        self.asset = tf.saved_model.Asset(vocabulary)
        self.table = tf.lookup.StaticHashTable(tf.lookup.TextFileInitializer(
            self.asset, tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER), -1)

    def look(self, x):
        return x + tf.cast(self.table.lookup(tf.constant("b")), tf.float32)


makers = {f.__name__: lambda f=f: Model(f) for f in (
    write_file, write_in_loop, read_file, list_files, python, print_to_file, dataset, restore, summary, loop)}
makers["table_from_file"] = Table
for name, make in makers.items():
    model, to = make(), os.path.join(folder, name)
    shutil.rmtree(to, ignore_errors=True)
    tf.saved_model.save(model, to, signatures=model.__call__)
    os.remove(to + "/fingerprint.pb")
    shutil.rmtree(to + "/assets")
    if name != "loop":
        shutil.rmtree(to + "/variables")
