"""Writes golden.json: transforms of one small picture by other libraries.

    python make_golden.py        needs numpy, scipy, pillow and tensorflow

Each case names the transform, the attributes that differ from the defaults,
the draws in [0, 1) of the one example, and the expected values, in [0, 1],
with the tolerance that the other library's own rounding asks for.
"""
import json
import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
import numpy as np
import scipy.ndimage as ndi
import tensorflow as tf
from PIL import Image, ImageEnhance, ImageOps

H, W = 10, 12
rng = np.random.default_rng(7)
pixels = rng.integers(0, 256, (H, W, 3), dtype=np.uint8)
pixels[0, :6] = [[0, 0, 0], [255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255], [128, 128, 128]]
pixels[1, :4] = [[127, 128, 129], [255, 255, 0], [0, 255, 255], [255, 0, 255]]
square = pixels[:, :H]
image = Image.fromarray(pixels)
x = pixels.astype(np.float64) / 255
STEP = 1 / 255  # Pillow stores bytes

cases = []


def case(name, referee, config, draws, out, tolerance, source="pixels"):
    out = np.asarray(out, np.float64)
    cases.append({
        "transform": name, "referee": referee, "config": config, "draws": draws, "input": source,
        "shape": list(out.shape), "want": [round(float(v), 7) for v in out.ravel()], "tolerance": tolerance,
    })


def bytes_of(picture):
    return np.asarray(picture, np.float64) / 255


# Factors: the draw u gives 1 - amount + 2 * amount * u.
for u in (0.0, 0.25, 0.9375):
    f = 1 - 0.5 + u
    config, draws = {"Amount": 0.5}, [0.0, u]
    case("brightness", "Pillow ImageEnhance.Brightness", config, draws,
         bytes_of(ImageEnhance.Brightness(image).enhance(f)), 1.01 * STEP)
    case("saturation", "Pillow ImageEnhance.Color", config, draws,
         bytes_of(ImageEnhance.Color(image).enhance(f)), 2.01 * STEP)
    case("contrast", "tf.image.adjust_contrast", config, draws,
         np.clip(tf.image.adjust_contrast(x.astype(np.float32), f), 0, 1), 1e-6)
    case("hue", "tf.image.adjust_hue", config, draws,
         tf.image.adjust_hue(x.astype(np.float32), f - 1), 1e-5)

case("grey", "Pillow convert L", {}, [0.19], np.repeat(bytes_of(image.convert("L"))[..., None], 3, 2), 1.01 * STEP)
case("grey", "itself", {}, [0.21], x, 0)
case("solarize", "Pillow ImageOps.solarize", {}, [0.19], bytes_of(ImageOps.solarize(image, 128)), 1e-7)
case("solarize", "itself", {}, [0.21], x, 0)

for u, kernel in ((0.0, 3), (0.5, 5), (0.9375, 9)):
    sigma = 0.5 + 1.5 * u
    case("blur", "scipy gaussian_filter", {"Sigma": [0.5, 2], "Kernel": kernel}, [0.0, u],
         ndi.gaussian_filter(x, (sigma, sigma, 0), mode="mirror", radius=(kernel // 2, kernel // 2, 0)), 1e-6)

for fill, mode in (("zero", "constant"), ("reflect", "reflect")):
    padded = np.pad(x, ((3, 3), (3, 3), (0, 0)), mode)
    for dy, dx in ((0, 0), (3, 3), (6, 1), (2, 6)):
        case("crop", "numpy pad", {"Padding": 3, "Fill": fill}, [(dy + 0.5) / 7, (dx + 0.5) / 7],
             padded[dy:dy + H, dx:dx + W], 0)

case("flip", "numpy", {"Vertical": True}, [0.4, 0.6], x[:, ::-1], 0)
case("flip", "numpy", {"Vertical": True}, [0.6, 0.4], x[::-1], 0)
case("flip", "numpy", {"Vertical": True}, [0.4, 0.4], x[::-1, ::-1], 0)
case("flip", "numpy", {}, [0.6, 0.4], x, 0)
for k in range(4):
    case("quarter_turn", "numpy rot90", {}, [k / 4 + 0.1], np.rot90(square.astype(np.float64) / 255, k), 0, "square")

# Pillow resizes a box of a float image as the definition says: bilinear
# between pixel centres, edge pixels beyond the border.
for ua, ur, uy, ux in ((0.0, 0.5, 0.0, 0.0), (0.5, 0.1, 0.9, 0.3), (0.25, 0.9, 0.3, 0.99), (1 - 2.0**-24, 0.5, 0.5, 0.5)):
    area = 0.2 + 0.8 * ua
    room, wide = -np.log(area), np.log(W / H)
    lo, hi = np.clip(np.log([0.75, 4 / 3]), wide - room, wide + room)
    aspect = np.exp(lo + ur * (hi - lo))
    h, w = min(np.sqrt(area * H * W / aspect), H), min(np.sqrt(area * H * W * aspect), W)
    top, left = uy * (H - h), ux * (W - w)
    out = [np.asarray(Image.fromarray(x[..., c].astype(np.float32)).resize(
        (W, H), Image.Resampling.BILINEAR, box=(left, top, left + w, top + h))) for c in range(3)]
    case("resized_crop", "Pillow resize of a box", {"Area": [0.2, 1], "Aspect": [0.75, 4 / 3]},
         [ua, ur, uy, ux], np.stack(out, -1), 2e-5)

for fill, mode in (("reflect", "mirror"), ("zero", "grid-constant")):
    for u in (0.0, 0.3, 0.9375):
        s = 1 - 0.4 + 0.8 * u
        rows = (H - 1) / 2 + s * (np.arange(H) - (H - 1) / 2)
        columns = (W - 1) / 2 + s * (np.arange(W) - (W - 1) / 2)
        at = np.meshgrid(rows, columns, indexing="ij")
        out = [ndi.map_coordinates(x[..., c], at, order=1, mode=mode) for c in range(3)]
        case("zoom", "scipy map_coordinates", {"Amount": 0.4, "Fill": fill}, [u], np.stack(out, -1), 2e-5)

covered = x.copy()
covered[max(0, 2 - 2):2 + 3, max(0, 11 - 2):11 + 3] = 0.5
case("cutout", "numpy", {"Size": 5, "Value": 0.5}, [0.0, 2.5 / H, 11.5 / W], covered, 0)
covered = x.copy()
covered[3:7, 4:8] = 0
case("cutout", "numpy", {"Fraction": 0.4}, [0.0, 5.5 / H, 6.5 / W], covered, 0)

inputs = {name: {"shape": list(a.shape), "bytes": a.ravel().tolist()} for name, a in (("pixels", pixels), ("square", square))}
path = pathlib.Path(__file__).with_name("golden.json")
lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
path.write_text('{"inputs":%s,\n"cases":[\n%s\n]}\n' % (json.dumps(inputs, separators=(",", ":")), lines))
print(len(cases), "cases,", path.stat().st_size, "bytes")
