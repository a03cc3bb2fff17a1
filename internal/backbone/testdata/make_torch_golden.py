"""Makes the golden file that referees the ResNet-18 of package backbone: what
torchvision's own resnet18 computes.

    python make_torch_golden.py

writes torch_resnet18.npz beside this script. Needs torch 2.5 and torchvision 0.20;
takes seconds.

Choices, and why:

* The network is torchvision's, with every layer made narrower (width 1/16, at
  least 8 channels) so that all gradients fit into a small file. The small stem is
  put in the place of the published one as Chen et al. 2020 (arXiv:2002.05709, B.9)
  say: a 3x3 convolution of stride 1, no pooling.
* Weights, images and the weights of the loss are formulas of names and indices
  (make_keras_golden.py), which the Go test repeats, so none are stored.
* Values are computed in float64. Arrays are stored in the layout of the Go
  network, kernels [k, k, in, out], maps [N, H, W, C], under its names.
* torch divides the variance that it averages by one less than the number of
  values; nn.BatchNorm by their number, as Keras does. What is stored is converted.
* ReLU has a kink, at which float32 may take the other side. The images are such
  that nothing is within 2e-5 of it (`kinks`), so that the test does not hang on
  the last bits of a processor.
"""

import os

import numpy as np
import torch
import torchvision
from make_keras_golden import uniform

HERE = os.path.dirname(os.path.abspath(__file__))
CHANNELS = {3: 3, 64: 8, 128: 8, 256: 16, 512: 32}
MOMENTUM = 0.9
MARGIN = 2e-5

# (name, stem, shape of the images); the numbers were chosen by `kinks`
NETWORKS = [
    ("small_2", "small", (6, 12, 9, 3)),
    ("imagenet_1", "imagenet", (6, 40, 29, 3)),
]


def narrow(parent):
    for name, m in parent.named_children():
        if isinstance(m, torch.nn.Conv2d):
            a, b = CHANNELS[m.in_channels], CHANNELS[m.out_channels]
            setattr(parent, name, torch.nn.Conv2d(a, b, m.kernel_size, m.stride, m.padding, bias=False))
        elif isinstance(m, torch.nn.BatchNorm2d):
            setattr(parent, name, torch.nn.BatchNorm2d(CHANNELS[m.num_features]))
        else:
            narrow(m)


def network(stem):
    model = torchvision.models.resnet18()
    narrow(model)
    model.fc = torch.nn.Identity()
    if stem == "small":
        model.conv1 = torch.nn.Conv2d(3, CHANNELS[64], 3, 1, 1, bias=False)
        model.maxpool = torch.nn.Identity()
    return model.double()


def path(name, tensor):
    """The Go name of a torch tensor."""
    module, kind = name.rsplit(".", 1)
    if kind == "weight" and tensor.ndim == 4:
        return module + "/kernel"
    return module + "/" + {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}[kind]


def formula(name, shape):
    """make_keras_golden.py's, for kernels [k, k, in, out]."""
    kind = name.rsplit("/", 1)[1]
    if kind == "kernel":
        return uniform(name, shape, 0.0, np.sqrt(6.0 / (shape[0] * shape[1] * shape[2])))
    centre, spread = {"gamma": (1, 0.3), "beta": (0, 0.3), "moving_mean": (0, 0.2), "moving_variance": (1, 0.5)}[kind]
    return uniform(name, shape, centre, spread)


def go(x):
    """From torch's layout to Go's."""
    x = x.detach().numpy()
    return x.transpose(2, 3, 1, 0) if x.ndim == 4 else x


def states(model):
    return [(path(k, v), v) for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")]


def load(model):
    with torch.no_grad():
        for name, v in states(model):
            shape = tuple(v.shape) if v.ndim == 1 else tuple(v.shape[i] for i in (2, 3, 1, 0))
            value = formula(name, shape).astype(np.float64)
            v.copy_(torch.tensor(value if v.ndim == 1 else value.transpose(3, 2, 0, 1)))


def kinks(model):
    """Watches how near to zero what goes into a ReLU comes."""
    seen = []
    for m in model.modules():
        if isinstance(m, torch.nn.ReLU):
            m.inplace = False
            m.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].abs().min().item()))
    return seen


def counts(model):
    """How many values a channel each batch-norm sees."""
    found = {}
    for name, m in model.named_modules():
        if isinstance(m, torch.nn.BatchNorm2d):
            m.momentum = 1 - MOMENTUM
            m.register_forward_hook(lambda _, inputs, __, name=name: found.__setitem__(name, inputs[0].numel() // inputs[0].shape[1]))
    return found


def evaluate(name, stem, shape):
    model = network(stem)
    load(model)
    near, values = kinks(model), counts(model)
    images = uniform("input/" + name, shape, 0.5, 2).astype(np.float64)
    x = torch.tensor(images.transpose(0, 3, 1, 2), requires_grad=True)
    model.eval()
    result = {"infer": go(model(x))}
    model.train()
    y = model(x)
    (y * torch.tensor(uniform("loss/" + name, tuple(y.shape), 0, 1).astype(np.float64))).sum().backward()
    assert min(near) > MARGIN, f"{name}: a ReLU's input of {min(near):.1e}; take other images"
    result["train"], result["dx"] = go(y), x.grad.numpy().transpose(0, 2, 3, 1)
    for k, v in model.named_parameters():
        result["grad/" + path(k, v)] = go(v.grad)
    for k, v in states(model):
        module, kind = k.rsplit("/", 1)
        if kind == "moving_mean":
            result["moving/" + k] = go(v)
        elif kind == "moving_variance":
            before = MOMENTUM * formula(k, tuple(v.shape)).astype(np.float64)
            m = values[module]
            result["moving/" + k] = before + (go(v) - before) * (m - 1) / m
    return result


def main():
    arrays = {}
    for name, stem, shape in NETWORKS:
        for k, v in evaluate(name, stem, shape).items():
            arrays[name + "/" + k] = np.ascontiguousarray(v, dtype=np.float32)
    np.savez_compressed(os.path.join(HERE, "torch_resnet18.npz"), **arrays)


if __name__ == "__main__":
    main()
