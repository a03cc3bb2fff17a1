"""Makes the JPEG files that Go's encoder cannot make, and prints what decode_test.go
expects of them. Needs Pillow.

cmyk.jpg: 16x16, left half cyan 0, magenta 200, yellow 255, black 0; right half
255, 100, 0, 20.
colour.jpg: 48x32 of saturated waves, colour stored at half resolution, where the
fast and the accurate way of decoding differ; progressive.jpg: the same in several scans.
"""

import hashlib
import math
import os

from PIL import Image

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
