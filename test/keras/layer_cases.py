"""Small models, one for each layer class and option that random_models.py does not draw, and what they compute.

usage: python layer_cases.py OUT [REGEXP]
Writes OUT/<number>/{model.keras, model.h5, case.json} as random_models.py does, and OUT/cases.jsonl: the same models as
architecture, arrays by their path in a .weights.h5 and calls, which test/keras/layers.test.ts reads.
"""

import base64
import json
import os
import re
import sys
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import h5py
import numpy as np
from random_layers import KERAS3, keras, layers
from random_models import run, tensor

Input = layers.Input
CASES = {}


def case(name, make, *shapes, dtype="float32", values=None):
    """A model of one input for each shape (without the batch): `make` gets the symbolic tensors."""
    CASES[name] = (make, shapes, dtype, values)


def layer(name, shape, **options):
    """One layer on one input."""
    label = " ".join([name, *(f"{key}={value}" for key, value in options.items())])
    case(label, lambda x: getattr(layers, name)(**options)(x), shape)


def convolutions():
    for padding in ("valid", "same"):
        for strides in (1, 2, 3):
            layer("Conv1DTranspose", (5, 2), filters=3, kernel_size=2, strides=strides, padding=padding)
            layer("Conv2DTranspose", (4, 3, 2), filters=3, kernel_size=(3, 2), strides=strides, padding=padding)
        layer("Conv3DTranspose", (2, 3, 2, 2), filters=2, kernel_size=2, strides=2, padding=padding)
        layer("Conv2DTranspose", (4, 3, 2), filters=2, kernel_size=3, strides=2, padding=padding, output_padding=1)
        layer("DepthwiseConv2D", (5, 4, 3), kernel_size=(2, 3), padding=padding, depth_multiplier=2)
        layer("DepthwiseConv2D", (6, 5, 2), kernel_size=3, strides=2, padding=padding, activation="relu")
        layer("SeparableConv2D", (5, 4, 3), filters=4, kernel_size=2, padding=padding, depth_multiplier=2)
        layer("SeparableConv2D", (6, 6, 2), filters=3, kernel_size=3, strides=2, padding=padding, use_bias=False)
    layer("DepthwiseConv2D", (6, 5, 2), kernel_size=2, dilation_rate=2)
    layer("Conv2DTranspose", (3, 3, 2), filters=2, kernel_size=2, use_bias=False, activation="tanh")


def images():
    layer("UpSampling2D", (2, 3, 2), size=(2, 3))
    layer("UpSampling2D", (2, 3, 2), size=(2, 3), interpolation="bilinear")
    layer("UpSampling3D", (2, 1, 2, 2), size=(1, 2, 3))
    layer("ZeroPadding3D", (2, 1, 2, 2), padding=((1, 0), (0, 2), (1, 1)))
    layer("Cropping3D", (4, 3, 3, 2), cropping=((1, 0), (0, 1), (1, 1)))
    layer("Resizing", (4, 5, 2), height=3, width=7)
    layer("Resizing", (4, 5, 2), height=6, width=2, interpolation="nearest")
    layer("Resizing", (4, 7, 1), height=3, width=3, crop_to_aspect_ratio=True)
    layer("CenterCrop", (5, 6, 1), height=2, width=3)
    layer("CenterCrop", (3, 6, 1), height=4, width=3)
    if KERAS3 and hasattr(layers, "AdaptiveMaxPooling1D"):
        layer("Resizing", (4, 7, 1), height=3, width=3, pad_to_aspect_ratio=True, fill_value=0.5)
        for kind in ("Average", "Max"):
            layer(f"Adaptive{kind}Pooling1D", (7, 2), output_size=3)
            layer(f"Adaptive{kind}Pooling2D", (5, 4, 2), output_size=(3, 2))
            layer(f"Adaptive{kind}Pooling3D", (3, 4, 5, 1), output_size=(2, 3, 2))
    for name in ("RandomFlip", "RandomRotation", "RandomZoom", "RandomContrast", "RandomBrightness"):
        options = {} if name == "RandomFlip" else {"factor": 0.3}
        if name == "RandomZoom":
            options = {"height_factor": 0.3}
        if hasattr(layers, name):
            layer(name, (3, 3, 1), **options)


def others():
    if hasattr(layers, "SpectralNormalization"):
        case("SpectralNormalization Dense", lambda x: layers.SpectralNormalization(layers.Dense(3))(x), (4, 5))
        case("SpectralNormalization Conv1D", lambda x: layers.SpectralNormalization(layers.Conv1D(3, 2))(x), (4, 5))
    if hasattr(layers, "STFTSpectrogram"):
        for mode in ("log", "magnitude", "psd", "real", "imag", "angle", "stft"):
            layer("STFTSpectrogram", (40, 2), mode=mode, frame_length=8, frame_step=4, fft_length=16)
        layer("STFTSpectrogram", (41, 1), frame_length=10, padding="same", expand_dims=True, window="hamming")
    if hasattr(layers, "MelSpectrogram"):
        options = {"fft_length": 64, "sequence_stride": 16, "num_mel_bins": 6, "sampling_rate": 4000}
        layer("MelSpectrogram", (200,), **options)
        layer("MelSpectrogram", (200,), **options, sequence_length=32, power_to_db=False, mag_exp=1.0, window="hamming")
        layer("MelSpectrogram", (200,), **options, sequence_length=33, max_freq=1500, top_db=20)


def settle(model, random):
    for variable in model.weights:
        path = getattr(variable, "path", variable.name)
        if re.search("seed|state|real_kernel|imag_kernel", path):
            continue
        if not np.issubdtype(np.asarray(variable).dtype, np.floating):
            continue
        values = random.normal(0, 0.4, tuple(variable.shape))
        if "variance" in path or "gamma" in path:
            values = 0.5 + np.abs(values)
        variable.assign(values.astype(np.float32))


def arrays(model):
    """The arrays of the model's .weights.h5 by path."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "w.weights.h5")
        model.save_weights(path)
        with h5py.File(path, "r") as file:
            file.visititems(
                lambda name, item: found.__setitem__(name, tensor(np.asarray(item)))
                if isinstance(item, h5py.Dataset) and item.dtype.kind == "f" and not name.startswith("optimizer")
                else None
            )
    return found


def given(shape, dtype, random):
    if dtype == "int32":
        return random.integers(0, 5, (2, *shape)).astype(np.int32)
    if dtype == "bool":
        return random.random((2, *shape)) < 0.5
    return random.normal(size=(2, *shape)).astype(np.float32)


def build(name):
    make, shapes, dtypes, values = CASES[name]
    random = np.random.default_rng([7, *name.encode()])
    dtypes = [dtypes] * len(shapes) if isinstance(dtypes, str) else dtypes
    inputs = [Input(shape, dtype=dtype) for shape, dtype in zip(shapes, dtypes)]
    model = keras.Model(inputs if len(inputs) > 1 else inputs[0], make(*inputs))
    settle(model, random)
    data = [given(shape, dtype, random) for shape, dtype in zip(shapes, dtypes)]
    return model, [values(data, random) if values else data]


def main(out, pattern="."):
    for group in GROUPS:
        group()
    compact = []
    for number, name in enumerate(name for name in CASES if re.search(pattern, name)):
        keras.backend.clear_session()
        folder = os.path.join(out, str(number))
        try:
            model, calls = build(name)
            made = run(model, calls)
            os.makedirs(folder, exist_ok=True)
            files = []
            for file in ("model.keras", "model.h5"):
                try:
                    model.save(os.path.join(folder, file))
                    files.append({"file": file})
                except Exception as error:
                    print(f"{name}: no {file}: {str(error)[:200]}", file=sys.stderr)
        except Exception as error:
            print(f"{name}: {type(error).__name__}: {str(error)[:300]}", file=sys.stderr)
            continue
        about = {"id": name, "about": name, "models": files, "calls": made, "tolerance": {"abs": 1e-5, "rel": 1e-5}}
        with open(os.path.join(folder, "case.json"), "w", encoding="utf-8") as file:
            json.dump(about, file)
        architecture = {"keras_version": keras.__version__, **json.loads(model.to_json())}
        weights = arrays(model) if model.weights else {}
        compact.append({"name": name, "architecture": architecture, "weights": weights, "call": made[0]})
    with open(os.path.join(out, "cases.jsonl"), "w", encoding="utf-8") as file:
        file.writelines(json.dumps(item, separators=(",", ":")) + "\n" for item in compact)


GROUPS = [convolutions, images, others]

if __name__ == "__main__":
    main(*sys.argv[1:])
