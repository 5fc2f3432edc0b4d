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


def masks():
    """What becomes of a mask behind layers that lose it in one Keras and hand it on in another."""
    between = {
        "Normalization": {"mean": [0.1] * 3, "variance": [2.0] * 3},
        "Rescaling": {"scale": 0.5},
        "Identity": {},
        "EinsumDense": {"equation": "abc,cd->abd", "output_shape": (None, 3)},
        "ZeroPadding1D": {"padding": 0},
        "Cropping1D": {"cropping": 0},
        "Dense": {"units": 3},
        "Dropout": {"rate": 0.5},
    }
    for name, options in between.items():

        def make(x, name=name, options=options):
            y = getattr(layers, name)(**options)(layers.Embedding(5, 3, mask_zero=True)(x))
            return layers.SimpleRNN(2, return_sequences=True)(y)

        case(f"masked {name}", make, (6,), dtype="int32")
    for sequences in (True, False):

        def zeroes(x, sequences=sequences):
            inner = layers.GRU(2, return_sequences=sequences, zero_output_for_mask=True)
            return layers.Bidirectional(inner)(layers.Embedding(5, 3, mask_zero=True)(x))

        case(f"masked Bidirectional return_sequences={sequences}", zeroes, (6,), dtype="int32")


    if KERAS3:
        # It takes the masks off its inputs, for whoever is called after it.
        def heads(x):
            y = layers.Embedding(5, 3, mask_zero=True)(x)
            return y, layers.MultiHeadAttention(2, 2)(y, y)

        rnn = layers.SimpleRNN
        case("masked MultiHeadAttention, Add", lambda x: rnn(2)(layers.Add()(heads(x))), (6,), dtype="int32")
        case("masked MultiHeadAttention, later", lambda x: [rnn(2)(y) for y in heads(x)], (6,), dtype="int32")

        def before(x):
            y, z = heads(x)
            early = layers.Dense(2)(layers.Dense(2)(rnn(2)(y)))
            return layers.Concatenate()([early, rnn(2)(y), rnn(2)(z)])

        case("masked MultiHeadAttention, before", before, (6,), dtype="int32")


def integers():
    """Whole numbers where layers multiply by weights."""
    for name in ("LSTM", "GRU", "SimpleRNN", "Dense"):
        # Recurrent layers before Keras 3 take floats alone.
        if KERAS3 or name == "Dense":
            case(f"integers {name}", lambda x, name=name: getattr(layers, name)(2)(x), (3, 4), dtype="int32")
    if KERAS3:
        case("integers Masking", lambda x: layers.SimpleRNN(2)(layers.Masking(1)(x)), (4, 1), dtype="int32")


def operations():
    """Functions of keras.ops, of TensorFlow and of keras.backend on tensors of a functional model."""
    if KERAS3:
        keras_operations()
    else:
        tensorflow_functions()


def each(prefix, functions, *shapes, **options):
    for words, function in functions.items():
        case(f"{prefix}{words}", function, *shapes, **options)


def keras_operations():
    o = keras.ops
    one = "arctan arcsinh cosh sinh tan exp2 cbrt erfc trunc sign isnan isfinite isinf copy ravel rad2deg deg2rad".split()
    one = [name for name in one if hasattr(o, name)]
    each("ops.", {name: lambda x, name=name: getattr(o, name)(x) for name in one}, (3, 4))
    small = {name: lambda x, name=name: getattr(o, name)(o.tanh(x) * 0.9) for name in ("arcsin", "arccos", "arctanh")}
    each("ops.", small, (3, 4))
    each(
        "ops.",
        {
            "arccosh": lambda x: o.arccosh(o.abs(x) + 1.5),
            "argsort": lambda x: o.argsort(x, axis=1),
            "sort": lambda x: o.sort(x, axis=-1),
            "average": lambda x: o.average(x, axis=1, weights=np.array([1.0, 2, 3], "float32")),
            "count_nonzero": lambda x: o.count_nonzero(o.relu(x), axis=1),
            "cumprod": lambda x: o.cumprod(x, axis=1),
            "cumsum": lambda x: o.cumsum(x, axis=1),
            "diff": lambda x: o.diff(x, axis=1),
            "diagonal": lambda x: o.diagonal(x, offset=1, axis1=1, axis2=2),
            "extract_sequences": lambda x: o.extract_sequences(x, 2, 1),
            "fliplr": lambda x: x[:, ::-1],
            "median": lambda x: o.median(x, axis=1),
            "moments": lambda x: o.moments(x, axes=[1]),
            "nan_to_num": lambda x: o.nan_to_num(o.log(x), nan=3.0),
            "normalize": lambda x: o.normalize(x, axis=-1),
            "norm": lambda x: o.norm(x, axis=1),
            "take computed": lambda x: o.take(x, o.argmax(x, axis=1), axis=1),
            "take": lambda x: o.take(x, [0, 2, 2], axis=1),
            "take one": lambda x: o.take(x, -1, axis=1),
            "take_along_axis": lambda x: o.take_along_axis(x, o.argsort(x, axis=1), axis=1),
            "tensordot": lambda x: o.tensordot(x, np.ones((4, 2), "float32"), axes=1),
            "tril": lambda x: o.tril(x),
            "triu": lambda x: o.triu(x, k=1),
            "slice": lambda x: o.slice(x, (0, 1, 0), (2, 2, 3)),
            "pad reflect": lambda x: o.pad(x, ((0, 0), (1, 1), (0, 2)), mode="reflect"),
            "pad symmetric": lambda x: o.pad(x, ((0, 0), (1, 2), (0, 0)), mode="symmetric"),
            "einsum": lambda x: o.einsum("abc,ac->ab", x, o.sum(x, axis=1)),
            "einsum one": lambda x: o.einsum("abc->ca", x),
            "einsum sums": lambda x: o.einsum("abc,ad->ab", x, o.sum(x, axis=1)),
            "var": lambda x: o.var(x, axis=1),
            "std": lambda x: o.std(x, axis=(1, 2)),
            "top_k": lambda x: list(o.top_k(x, 2)),
            "one_hot": lambda x: o.one_hot(o.argmax(x, axis=-1), 4),
            "max": lambda x: o.max(x, axis=1),
            "squeeze": lambda x: o.squeeze(o.expand_dims(x, 1), 1),
            "repeat": lambda x: o.repeat(x, 2, axis=1),
            "tile": lambda x: o.tile(x, (1, 2, 1)),
            "roll": lambda x: o.roll(x, 1, axis=1),
            "flip": lambda x: o.flip(x, axis=1),
            "split": lambda x: o.split(x, [1], axis=1),
            "unstack": lambda x: o.unstack(x, axis=1),
            "stack": lambda x: o.stack([x, x * 2.0], axis=2),
            "where": lambda x: o.where(x > 0, x, -1.0),
            "clip": lambda x: o.clip(x, -0.5, 0.5),
            "softmax": lambda x: o.softmax(x, axis=1),
            "log_softmax": lambda x: o.log_softmax(x, axis=-1),
            "logsumexp": lambda x: o.logsumexp(x, axis=1),
            "cast": lambda x: o.cast(x, "int32"),
            "shape": lambda x: o.reshape(x, (-1, o.shape(x)[1] * 2, 2)),
            "getitem": lambda x: x[:, -1, None, 1:],
            "power": lambda x: o.power(o.abs(x), 1.5),
            "mod": lambda x: x % 0.7,
            "floor_divide": lambda x: x // 0.3,
            "argmax": lambda x: o.argmax(x, axis=1),
            "hstack": lambda x: o.hstack([x, x]),
            "outer": lambda x: o.outer(x[0, 0], x[0, 1]),
            "transpose": lambda x: o.transpose(x, (0, 2, 1)),
            "swapaxes": lambda x: o.swapaxes(x, 1, 2),
            "zeros_like": lambda x: x + o.zeros_like(x),
            "ones_like": lambda x: x + o.ones_like(x),
            "multi_hot": lambda x: o.multi_hot(o.argmax(x, axis=-1), 4),
            "trace": lambda x: o.trace(x, axis1=1, axis2=2),
        },
        (3, 4),
    )
    each(
        "ops.",
        {
            "append": lambda a, b: o.append(a, b, axis=1),
            "arctan2": lambda a, b: o.arctan2(a, b),
            "divide_no_nan": lambda a, b: o.divide_no_nan(a, o.relu(b)),
            "inner": lambda a, b: o.inner(a[0], b[1]),
            "logaddexp": lambda a, b: o.logaddexp(a, b),
            "matmul": lambda a, b: o.matmul(a, o.transpose(b, (0, 2, 1))),
            "vdot": lambda a, b: o.vdot(a, b),
            "logical": lambda a, b: o.logical_and(a > 0, o.logical_not(b > 0)),
            "equal": lambda a, b: o.equal(o.sign(a), o.sign(b)),
            "maximum": lambda a, b: o.maximum(a, b) - o.minimum(a, 0.1),
        },
        (3, 4),
        (3, 4),
    )
    case("ops.resize", lambda x: o.image.resize(x, (5, 2)), (3, 4, 2))


def tensorflow_functions():
    import tensorflow as tf

    k, math, nn = keras.backend, tf.math, tf.nn
    each(
        "tf.",
        {
            "add_n": lambda x: tf.add_n([x, x * 2.0]),
            "argmax": lambda x: tf.argmax(x, axis=1, output_type="int32"),
            "argsort": lambda x: tf.argsort(x, axis=-1, direction="DESCENDING"),
            "atan": lambda x: math.atan(x),
            "boolean": lambda x: tf.cast(math.logical_or(x > 1.0, x < 0.0), "float32"),
            "broadcast_to": lambda x: tf.broadcast_to(x[:, :1], [2, 3, 4]),
            "clip_by_value": lambda x: tf.clip_by_value(x, -0.5, 0.5),
            "concat": lambda x: tf.concat([x, x], axis=1),
            "cumsum": lambda x: tf.cumsum(x, axis=1, exclusive=True),
            "cumsum reverse": lambda x: tf.cumsum(x, axis=2, reverse=True),
            "cumprod": lambda x: math.cumprod(x, axis=1),
            "einsum": lambda x: tf.linalg.matmul(x, x, transpose_b=True),
            "gather": lambda x: tf.gather(x, [2, 0], axis=1),
            "gather last": lambda x: tf.gather(x, 1, axis=2),
            "gather batch": lambda x: tf.gather(x, tf.argmax(x, axis=1, output_type="int32"), axis=1, batch_dims=1),
            "gather_nd": lambda x: tf.gather_nd(x, [[0, 1], [1, 2]]),
            "l2_normalize": lambda x: nn.l2_normalize(x, axis=-1),
            "leaky_relu": lambda x: nn.leaky_relu(x, alpha=0.1),
            "moments": lambda x: tf.stack(nn.moments(x, axes=[1])),
            "mod": lambda x: x % 0.7,
            "floordiv": lambda x: x // 0.3,
            "norm": lambda x: tf.norm(x, axis=1),
            "one_hot": lambda x: tf.one_hot(tf.argmax(x, axis=-1), 4),
            "pad": lambda x: tf.pad(x, [[0, 0], [1, 0], [0, 2]], constant_values=3.0),
            "pad reflect": lambda x: tf.pad(x, [[0, 0], [1, 1], [0, 0]], mode="REFLECT"),
            "pow": lambda x: tf.abs(x) ** 1.5,
            "reduce": lambda x: tf.reduce_max(x, axis=[1, 2], keepdims=True) + tf.reduce_mean(x, 1, keepdims=True),
            "reduce_std": lambda x: math.reduce_std(x, axis=1),
            "repeat": lambda x: tf.repeat(x, 2, axis=1),
            "reshape": lambda x: tf.reshape(x, [tf.shape(x)[0], tf.shape(x)[1] * 2, 2]),
            "reshape shape": lambda x: tf.reshape(tf.transpose(x, [0, 2, 1]), tf.shape(x)),
            "reverse": lambda x: tf.reverse(x, [1]),
            "roll": lambda x: tf.roll(x, shift=1, axis=1),
            "sequence_mask": lambda x: tf.sequence_mask(tf.argmax(x, axis=-1), 5, dtype="float32"),
            "slice": lambda x: tf.slice(x, [0, 1, 0], [-1, 2, 3]),
            "softmax": lambda x: nn.softmax(x, axis=1),
            "sort": lambda x: tf.sort(x, axis=1),
            "split": lambda x: tf.split(x, [1, 3], axis=2)[1],
            "square": lambda x: math.squared_difference(x, 0.5),
            "squeeze": lambda x: tf.squeeze(tf.expand_dims(x, -1), [-1]),
            "stack": lambda x: tf.stack(tf.unstack(x, axis=1), axis=2),
            "strided": lambda x: x[:, ::2, tf.newaxis, -1],
            "tensordot": lambda x: tf.tensordot(x, tf.ones((4, 2)), axes=[[2], [0]]),
            "tile": lambda x: tf.tile(tf.ones((1, 2, 4)), [tf.shape(x)[0], 1, 1]) + x[:, :2],
            "top_k": lambda x: math.top_k(x, 2)[0],
            "where": lambda x: tf.where(x > 0, x, 0.1 * x),
            "zeros": lambda x: tf.concat([x, tf.zeros((tf.shape(x)[0], 1, 4))], axis=1),
            "zeros_like": lambda x: x + tf.zeros_like(x) + tf.ones_like(x),
            "is_nan": lambda x: tf.where(math.is_nan(math.log(x)), 0.0, x),
            "resize": lambda x: tf.image.resize(tf.expand_dims(x, -1), (5, 2)),
            "minus": lambda x: 1.0 - x / 2.0,
            "activations": lambda x: keras.activations.relu(x) + keras.activations.softmax(x),
        },
        (3, 4),
    )
    each(
        "K.",
        {
            "argmax": lambda x: k.cast(k.argmax(x), "float32"),
            "batch_flatten": lambda x: k.batch_flatten(x),
            "clip": lambda x: k.clip(x, -0.5, 0.5),
            "concatenate": lambda x: k.concatenate([x, x]),
            "dot": lambda x: k.dot(x, tf.ones((4, 2))),
            "expand_dims": lambda x: k.expand_dims(x),
            "hard_sigmoid": lambda x: k.hard_sigmoid(x),
            "l2_normalize": lambda x: k.l2_normalize(x, axis=1),
            "max": lambda x: k.max(x, axis=1) + k.sum(x, axis=1) - k.mean(x, axis=-1, keepdims=True)[:, 0],
            "permute_dimensions": lambda x: k.permute_dimensions(x, (0, 2, 1)),
            "repeat": lambda x: k.repeat(x[:, 0], 3),
            "repeat_elements": lambda x: k.repeat_elements(x, 2, axis=1),
            "reverse": lambda x: k.reverse(x, 1),
            "softmax": lambda x: k.softmax(k.tanh(x)),
            "squeeze": lambda x: k.squeeze(k.expand_dims(x, 1), 1),
            "stack": lambda x: k.stack([x, x], axis=1),
            "std": lambda x: k.std(x, axis=1),
            "switch": lambda x: k.switch(x > 0, x, 2.0 * x),
            "temporal_padding": lambda x: k.temporal_padding(x, (1, 2)),
        },
        (3, 4),
    )
    each(
        "K.",
        {
            "batch_dot": lambda a, b: k.batch_dot(a, b, axes=[2, 2]),
            "batch_dot vectors": lambda a, b: k.batch_dot(a[:, 0], b[:, 0], axes=1),
            "maximum": lambda a, b: k.maximum(a, b) * k.sigmoid(k.exp(a)),
        },
        (3, 4),
        (3, 4),
    )


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


GROUPS = [convolutions, images, others, masks, integers, operations]

if __name__ == "__main__":
    main(*sys.argv[1:])
