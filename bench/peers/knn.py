"""Accuracy of a weighted k-nearest-neighbour classifier on features.

The protocol of Wu et al. (CVPR 2018, arXiv:1805.01978): cosine similarity, the
k nearest training features vote for their class with weight exp(similarity/T).
"""
import argparse

import numpy as np


def normalise(x: np.ndarray) -> np.ndarray:
    return x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)


def predict(bank: np.ndarray, labels: np.ndarray, queries: np.ndarray, k: int, temperature: float) -> np.ndarray:
    """Returns the class of each query; bank and queries have rows of length 1."""
    similarity = queries @ bank.T
    nearest = np.argpartition(similarity, -k, axis=1)[:, -k:]
    weights = np.exp(np.take_along_axis(similarity, nearest, axis=1) / temperature)
    votes = [np.sum(weights * (labels[nearest] == c), axis=1) for c in range(labels.max() + 1)]
    return np.argmax(votes, axis=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("features", help=".npz with train_x, train_y, test_x and test_y")
    parser.add_argument("--k", type=int, default=200)
    parser.add_argument("--temperature", type=float, default=0.1)
    parser.add_argument("--chunk", type=int, default=250, help="test images at a time")
    args = parser.parse_args()

    data = np.load(args.features)
    bank, labels = normalise(data["train_x"]), data["train_y"]
    queries, want = normalise(data["test_x"]), data["test_y"]
    if args.k > len(bank):
        parser.error(f"--k {args.k} is more than the {len(bank)} training images")
    correct = 0
    for start in range(0, len(queries), args.chunk):
        part = slice(start, start + args.chunk)
        correct += np.sum(predict(bank, labels, queries[part], args.k, args.temperature) == want[part])
    print(f"{100 * correct / len(want):.2f} % of {len(want)} test images ({args.k} neighbours of {len(bank)})")


if __name__ == "__main__":
    main()
