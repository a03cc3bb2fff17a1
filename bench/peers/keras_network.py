"""MobileNetV2 in Keras, layer by layer as in keras.applications, with strides to choose."""
import keras
from keras import layers

STAGES = [(1, 16, 1), (6, 24, 2), (6, 32, 3), (6, 64, 4), (6, 96, 3), (6, 160, 3), (6, 320, 1)]  # expansion, filters, blocks
STRIDES = {"imagenet": (1, 2, 2, 2, 1, 2, 1), "small": (1, 2, 2, 2, 1, 1, 1)}  # of the first block of each stage
FEATURES = 1280


def make_divisible(channels: float) -> int:
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded


def normalised(x, activate: bool = True):
    x = layers.BatchNormalization(epsilon=1e-3, momentum=0.9)(x)
    return layers.ReLU(6.0)(x) if activate else x


def inverted(x, filters: int, expansion: int, stride: int):
    """Inverted residual block; without expansion it has no first convolution."""
    inputs, y = x.shape[-1], x
    if expansion > 1:
        y = normalised(layers.Conv2D(inputs * expansion, 1, use_bias=False)(y))
    y = normalised(layers.DepthwiseConv2D(3, stride, padding="same", use_bias=False)(y))
    y = normalised(layers.Conv2D(filters, 1, use_bias=False)(y), activate=False)
    return layers.Add()([x, y]) if inputs == filters and stride == 1 else y


def mobilenet_v2(alpha: float, pixels: int, strides: str, classes: int) -> keras.Model:
    """Images with values 0 to 255 to logits."""
    images = keras.Input((pixels, pixels, 3))
    x = layers.Rescaling(4 / 255, -2.0)(images)
    x = normalised(layers.Conv2D(make_divisible(32 * alpha), 3, 2, padding="same", use_bias=False)(x))
    for (expansion, filters, blocks), stride in zip(STAGES, STRIDES[strides]):
        for block in range(blocks):
            x = inverted(x, make_divisible(int(filters * alpha)), expansion, stride if block == 0 else 1)
    x = normalised(layers.Conv2D(FEATURES, 1, use_bias=False)(x))
    return keras.Model(images, layers.Dense(classes)(layers.GlobalAveragePooling2D()(x)))
