"""Writes the features that a SavedModel of sslpipe computes, for knn.py.

Needs tensorflow, numpy and pillow only.
"""
import argparse
from pathlib import Path

import numpy as np
import tensorflow as tf

from images import load


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, metavar="DIR", help="SavedModel with a signature 'features'")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="has train/CLASS/*.jpg and test/CLASS/*.jpg")
    parser.add_argument("--train-limit", type=int, default=0, metavar="N", help="the first training images of each class, N in all")
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.npz")
    args = parser.parse_args()

    model = tf.saved_model.load(args.model)  # owns the variables of the signature
    signature = model.signatures["features"]
    arrays = {}
    for split, limit in (("train", args.train_limit), ("test", 0)):
        images, labels = load(args.data / split, limit)
        batches = (images[i : i + args.batch] for i in range(0, len(images), args.batch))
        features = [signature(images=tf.constant(batch, tf.float32))["features"].numpy() for batch in batches]
        arrays |= {f"{split}_x": np.concatenate(features), f"{split}_y": labels}
    np.savez(args.out, **arrays)


if __name__ == "__main__":
    main()
