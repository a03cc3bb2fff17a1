"""Cuts the embedded subset out of Fashion-MNIST.

    apt-get install dataset-fashion-mnist     # or the four official .gz files in any folder
    python3 cut.py [FOLDER]

takes the first 1,200 training and 300 test images of each class, in the order
of the originals, and writes them beside this script in the same format. Nothing
but Python's standard library is needed.
"""

import gzip
import os
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PARTS = [("train", 1200), ("t10k", 300)]


def read(folder, name, header):
    with gzip.open(os.path.join(folder, name + ".gz")) as f:
        data = f.read()
    return data[header:]


def write(name, data):
    with open(os.path.join(HERE, name + ".gz"), "wb") as f:
        # No time and no name in the gzip header: the same input gives the same file.
        with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=f, mtime=0) as z:
            z.write(data)


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else "/usr/share/datasets/fashion-mnist"
    for part, per_class in PARTS:
        images = read(folder, part + "-images-idx3-ubyte", 16)
        labels = read(folder, part + "-labels-idx1-ubyte", 8)
        taken, chosen = [0] * 10, []
        for i, label in enumerate(labels):
            if taken[label] < per_class:
                taken[label] += 1
                chosen.append(i)
        n = len(chosen)
        write(part + "-images-idx3-ubyte", struct.pack(">IIII", 0x803, n, 28, 28) + b"".join(images[i * 784 : (i + 1) * 784] for i in chosen))
        write(part + "-labels-idx1-ubyte", struct.pack(">II", 0x801, n) + bytes(labels[i] for i in chosen))
        print(part, n, "images")


if __name__ == "__main__":
    main()
