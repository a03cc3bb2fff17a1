"""Makes the JPEG files that Go's encoder cannot make, and prints what decode_test.go
expects of them. Needs Pillow.

cmyk.jpg: 16x16, left half cyan 0, magenta 200, yellow 255, black 0; right half
255, 100, 0, 20.
colour.jpg: 48x32 of saturated waves, colour stored at half resolution, where the
fast and the accurate way of decoding differ; progressive.jpg: the same in several scans.
The last lines are colour.jpg as each orientation of EXIF has it.
"""

import hashlib
import io
import math
import os
import struct

from PIL import Image, ImageOps

HERE = os.path.dirname(os.path.abspath(__file__))

image = Image.new("CMYK", (16, 16), (0, 200, 255, 0))
image.paste((255, 100, 0, 20), (8, 0, 16, 16))
image.save(os.path.join(HERE, "cmyk.jpg"), quality=95, subsampling=0)

image = Image.new("RGB", (48, 32))
for y in range(32):
    for x in range(48):
        image.putpixel((x, y), tuple(int(128 + 100 * math.sin(x / 5 + y / 7 + 2 * c) + 20 * math.sin(x * y + c)) for c in range(3)))
image.save(os.path.join(HERE, "colour.jpg"), quality=90, subsampling=2)
pixels = Image.open(os.path.join(HERE, "colour.jpg")).convert("RGB").tobytes()
print("colour.jpg", hashlib.sha256(pixels).hexdigest())
image.save(os.path.join(HERE, "progressive.jpg"), quality=90, subsampling=2, progressive=True)
pixels = Image.open(os.path.join(HERE, "progressive.jpg")).convert("RGB").tobytes()
print("progressive.jpg", hashlib.sha256(pixels).hexdigest())

with open(os.path.join(HERE, "colour.jpg"), "rb") as f:
    plain = f.read()
for orientation in range(10):
    exif = b"Exif\0\0MM\0\x2a" + struct.pack(">IHHHIHHI", 8, 1, 0x112, 3, 1, orientation, 0, 0)
    turned = plain[:2] + struct.pack(">HH", 0xFFE1, len(exif) + 2) + exif + plain[2:]
    pixels = ImageOps.exif_transpose(Image.open(io.BytesIO(turned))).convert("RGB").tobytes()
    print("orientation", orientation, hashlib.sha256(pixels).hexdigest())
