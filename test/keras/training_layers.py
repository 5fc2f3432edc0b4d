"""Small models that a real Keras trains for some steps: one for each layer class and option, and for the ways in which
recurrent layers are put together.

usage: python training_layers.py OUT [REGEXP]
Writes OUT/<number>/{model.keras, case.json}, a case in the form of a golden of kind "train" (shared/goldens/README.md),
and OUT/cases.jsonl: the same as architecture, arrays by their path in a .weights.h5, batches and results, which
test/keras/training.test.ts reads.
"""

import json
import os
import re
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")

import layer_cases
import numpy as np
from random_layers import MERGES, keras, layers
from random_models import tensor

Input = layers.Input
BATCH, STEPS = 2, 2
CASES = {}


def case(name, make, *shapes, dtype="float32", fixed=False):
    """A model of one input for each shape (without the batch); `make` gets the symbolic tensors."""
    CASES[name] = (make, shapes, dtype, fixed)


def layer(name, shape, front=True, **options):
    """One layer behind a Dense, so that its input has a gradient, too."""
    label = " ".join([name, *(f"{key}={value}" for key, value in options.items())])

    def make(x):
        y = layers.Dense(shape[-1])(x) if front else x
        return getattr(layers, name)(**options)(y)

    case(label, make, shape)


def ids(x, width=3, vocabulary=5):
    """Rows of a table, steps of id 0 masked."""
    return layers.Embedding(vocabulary, width, mask_zero=True)(x)


def convolutions():
    for padding in ("valid", "same"):
        for strides in (1, 3):
            layer("Conv1DTranspose", (5, 2), filters=3, kernel_size=2, strides=strides, padding=padding)
        layer("Conv2DTranspose", (4, 3, 2), filters=3, kernel_size=(3, 2), strides=2, padding=padding)
        layer("Conv2DTranspose", (4, 3, 2), filters=2, kernel_size=3, strides=2, padding=padding, output_padding=1)
        layer("Conv3DTranspose", (2, 3, 2, 2), filters=2, kernel_size=2, strides=2, padding=padding)
        layer("Conv3D", (3, 4, 3, 2), filters=3, kernel_size=(2, 3, 2), padding=padding, activation="tanh")
        layer("Conv3D", (3, 4, 3, 2), filters=2, kernel_size=2, strides=2, padding=padding, use_bias=False)
    layer("Conv2DTranspose", (3, 3, 2), filters=2, kernel_size=2, use_bias=False, activation="tanh")
    layer("Conv3D", (3, 3, 3, 4), filters=4, kernel_size=2, groups=2)
    layer("Conv3D", (3, 3, 3, 2), filters=2, kernel_size=2, dilation_rate=2)
    layer("Conv1D", (6, 2), filters=3, kernel_size=2, padding="causal", dilation_rate=2)
    layer("Conv2D", (5, 4, 2), filters=3, kernel_size=2, strides=2, padding="same")
    layer("DepthwiseConv1D", (6, 2), kernel_size=3, depth_multiplier=2)
    layer("DepthwiseConv2D", (5, 4, 2), kernel_size=2, strides=2)
    layer("SeparableConv1D", (6, 2), filters=3, kernel_size=3, padding="same")
    layer("SeparableConv2D", (5, 4, 2), filters=3, kernel_size=2)
    for kind in ("Average", "Max"):
        layer(f"{kind}Pooling1D", (7, 2), pool_size=3, strides=2, padding="same")
        layer(f"{kind}Pooling2D", (5, 4, 2), pool_size=(2, 3), strides=1, padding="same")
        layer(f"{kind}Pooling3D", (4, 3, 4, 2), pool_size=2, padding="same")
        layer(f"{kind}Pooling3D", (4, 3, 4, 2), pool_size=(2, 1, 3), strides=(1, 2, 1))
        for rank, shape in ((1, (5, 2)), (2, (3, 4, 2)), (3, (2, 3, 2, 2))):
            layer(f"Global{kind}Pooling{rank}D", shape)
        layer(f"Global{kind}Pooling3D", (2, 3, 2, 2), keepdims=True)
        if hasattr(layers, "AdaptiveMaxPooling1D"):
            layer(f"Adaptive{kind}Pooling1D", (7, 2), output_size=3)
            layer(f"Adaptive{kind}Pooling2D", (5, 4, 2), output_size=(3, 2))
            layer(f"Adaptive{kind}Pooling3D", (3, 4, 5, 1), output_size=(2, 3, 2))
    for rank, shape in ((1, (4, 2)), (2, (3, 4, 2)), (3, (2, 3, 2, 2))):
        layer(f"UpSampling{rank}D", shape)
        layer(f"ZeroPadding{rank}D", shape)
    layer("Cropping1D", (4, 2), cropping=(1, 2))
    layer("Cropping2D", (4, 3, 2), cropping=((1, 0), (0, 1)))
    layer("Cropping3D", (4, 3, 3, 2), cropping=((1, 0), (0, 1), (1, 1)))
    layer("UpSampling2D", (2, 3, 2), size=(2, 3), interpolation="bilinear")
    layer("Resizing", (4, 5, 2), height=3, width=7)
    layer("CenterCrop", (5, 6, 1), height=2, width=3)


def others():
    case("SpectralNormalization", lambda x: layers.SpectralNormalization(layers.Dense(3))(x), (5,))
    case("SpectralNormalization Conv1D", lambda x: layers.SpectralNormalization(layers.Conv1D(3, 2))(x), (4, 5))
    layer("UnitNormalization", (4, 3))
    layer("GroupNormalization", (4, 4), groups=2)
    layer("RMSNormalization", (4, 3))
    layer("LayerNormalization", (4, 3), axis=(1, 2))
    layer("LayerNormalization", (4, 3), rms_scaling=True)
    for axis in (-1, 1):
        layer("BatchNormalization", (4, 3), axis=axis)
    layer("PReLU", (4, 3), shared_axes=[1], alpha_initializer="ones")
    for axis in (1, (1, 2)):
        layer("Softmax", (4, 3), axis=axis)
    case("Softmax with a mask", lambda x: layers.Flatten()(layers.Softmax()(layers.Dense(3)(x), mask=x > -0.5)), (4, 3))
    for name in ("ReLU", "LeakyReLU", "ELU", "Softmax", "Flatten"):
        layer(name, (4, 3))
    layer("RepeatVector", (3,), n=2)
    layer("Permute", (4, 3), dims=(2, 1))
    layer("Reshape", (4, 3), target_shape=(2, 6))
    layer("Rescaling", (4, 3), scale=0.5, offset=0.1)
    layer("Normalization", (4, 3), mean=[0.1] * 3, variance=[2.0] * 3)
    layer("EinsumDense", (4, 3), equation="abc,cd->abd", output_shape=(None, 2), bias_axes="d", activation="tanh")
    layer("Identity", (4, 3))
    layer("ActivityRegularization", (4, 3), l1=0.01, l2=0.02)
    for name in (*MERGES, "Dot"):
        options = {"axes": (2, 2)} if name == "Dot" else {}

        def pair(a, b, name=name, options=options):
            return getattr(layers, name)(**options)([layers.Dense(3)(a), layers.Dense(3)(b)])

        case(name, pair, (4, 3), (4, 3))


def operations():
    layer_cases.keras_operations()
    # Near a pole; its parts are there.
    del layer_cases.CASES["ops.tan"]
    for name, (make, shapes, dtype, values) in layer_cases.CASES.items():

        def behind(*xs, make=make):
            return make(*[layers.Dense(x.shape[-1])(x) for x in xs])

        if dtype == "float32" and values is None:
            case(name, behind, *shapes)


def attention():
    for name in ("Attention", "AdditiveAttention"):
        kind = getattr(layers, name)
        case(name, lambda a, b, kind=kind: kind()([layers.Dense(3)(a), layers.Dense(3)(b)]), (4, 3), (5, 3))
        case(
            f"{name} scale",
            lambda a, b, kind=kind: kind(use_scale=True)([a, layers.Dense(3)(b), layers.Dense(3)(b)]),
            (4, 3),
            (5, 3),
        )
        case(
            f"{name} scores",
            lambda a, b, kind=kind: kind()([layers.Dense(3)(a), b], return_attention_scores=True),
            (4, 3),
            (5, 3),
        )
        case(f"{name} causal", lambda a, kind=kind: kind()([layers.Dense(3)(a), a], use_causal_mask=True), (4, 3))
        case(f"{name} masked", lambda a, b, kind=kind: kind()([ids(a), ids(b)]), (4,), (5,), dtype="int32")
    case(
        "Attention concat",
        lambda a, b: layers.Attention(score_mode="concat")([layers.Dense(3)(a), layers.Dense(3)(b)]),
        (4, 3),
        (5, 3),
    )
    case(
        "Attention concat scale",
        lambda a, b: layers.Attention(score_mode="concat", use_scale=True)([layers.Dense(3)(a), layers.Dense(3)(b)]),
        (4, 3),
        (5, 3),
    )
    heads = layers.MultiHeadAttention
    case("MultiHeadAttention", lambda a, b: heads(2, 3)(layers.Dense(3)(a), layers.Dense(4)(b)), (4, 3), (5, 3))
    case(
        "MultiHeadAttention key",
        lambda a, b: heads(2, 3, value_dim=2)(a, layers.Dense(4)(b), layers.Dense(2)(b)),
        (4, 3),
        (5, 3),
    )
    case(
        "MultiHeadAttention scores", lambda a: heads(2, 3)(layers.Dense(3)(a), a, return_attention_scores=True), (4, 3)
    )
    case("MultiHeadAttention masked", lambda a, b: heads(2, 3)(ids(a), ids(b)), (4,), (5,), dtype="int32")
    case(
        "MultiHeadAttention masked key",
        lambda a, b, c: heads(2, 3)(ids(a), ids(b), ids(c)),
        (4,),
        (5,),
        (5,),
        dtype="int32",
    )
    case("MultiHeadAttention causal", lambda a: heads(2, 3)(ids(a), ids(a), use_causal_mask=True), (4,), dtype="int32")
    case("MultiHeadAttention output_shape", lambda a: heads(2, 3, output_shape=5)(layers.Dense(3)(a), a), (4, 3))
    case("MultiHeadAttention axes", lambda a: heads(2, 3, attention_axes=(1, 2))(layers.Dense(3)(a), a), (3, 2, 3))
    case("MultiHeadAttention axis 2", lambda a: heads(2, 3, attention_axes=(2,))(layers.Dense(3)(a), a), (3, 2, 3))
    case("MultiHeadAttention 4D", lambda a: heads(2, 3)(layers.Dense(3)(a), a), (3, 2, 3))
    case("GroupQueryAttention", lambda a: layers.GroupQueryAttention(4, 4, 2)(layers.Dense(3)(a), a), (4, 3))
    case(
        "GroupQueryAttention masked",
        lambda a, b: layers.GroupQueryAttention(4, 4, 2)(ids(a), ids(b)),
        (4,),
        (5,),
        dtype="int32",
    )


def conv_lstm():
    shapes = {1: (4, 5, 2), 2: (3, 3, 4, 2), 3: (3, 2, 3, 2, 1)}
    for rank, shape in shapes.items():
        kind = getattr(layers, f"ConvLSTM{rank}D")
        base = {"filters": 2, "kernel_size": 2}
        variants = {
            "": {},
            "same": dict(padding="same", return_sequences=True, go_backwards=True),
            "strides": dict(strides=2, padding="same", use_bias=False, recurrent_activation="hard_sigmoid"),
            "state": dict(return_state=True, activation="relu"),
        }
        for words, options in variants.items():
            case(f"ConvLSTM{rank}D {words}", lambda x, k=kind, o=options: k(**base, **o)(layers.Dense(2)(x)), shape)

        def masked(x, k=kind, sequences=True):
            mask = x[(..., *[0] * (len(x.shape) - 2))] > 0
            # Keras' loss takes no mask of fewer axes than steps have.
            return layers.Flatten()(
                k(**base, padding="same", return_sequences=sequences)(layers.Dense(2)(x), mask=mask)
            )

        case(f"ConvLSTM{rank}D masked", masked, shape)
        case(f"ConvLSTM{rank}D masked last", lambda x, k=kind: masked(x, k, False), shape)

        def initial(x, k=kind):
            first = k(**base, return_sequences=True, return_state=True, padding="same")(layers.Dense(2)(x))
            return k(**base, padding="same")(first[0], initial_state=first[1:])

        case(f"ConvLSTM{rank}D initial state", initial, shape)
        case(
            f"ConvLSTM{rank}D stateful",
            lambda x, k=kind: k(**base, stateful=True)(layers.Dense(2)(x)),
            shape,
            fixed=True,
        )
    case(
        "Bidirectional ConvLSTM2D",
        lambda x: layers.Bidirectional(
            layers.ConvLSTM2D(2, 2, padding="same", return_sequences=True), merge_mode="sum"
        )(layers.Dense(2)(x)),
        shapes[2],
    )
    case(
        "Bidirectional ConvLSTM1D concat",
        lambda x: layers.Bidirectional(layers.ConvLSTM1D(2, 2))(layers.Dense(2)(x)),
        shapes[1],
    )
    case(
        "TimeDistributed ConvLSTM1D",
        lambda x: layers.TimeDistributed(layers.ConvLSTM1D(2, 2))(layers.Dense(2)(x)),
        (2, *shapes[1]),
    )


KINDS = ["LSTM", "GRU", "SimpleRNN"]


def cell(kind, units=3, **options):
    return getattr(layers, f"{kind}Cell")(units, **options)


def recurrent():
    for kind in KINDS:
        make = getattr(layers, kind)
        states = 2 if kind == "LSTM" else 1
        case(
            f"{kind} states",
            lambda x, m=make: m(3, return_state=True, return_sequences=True)(layers.Dense(2)(x)),
            (4, 2),
        )
        case(
            f"{kind} initial state",
            lambda x, s, m=make, n=states: m(3)(
                layers.Dense(2)(x), initial_state=[layers.Dense(3)(s) for _ in range(n)]
            ),
            (4, 2),
            (3,),
        )
        case(
            f"{kind} initial state of an input",
            lambda x, s, m=make, n=states: m(3, return_sequences=True)(x, initial_state=[s] * n),
            (4, 2),
            (3,),
        )
        case(
            f"{kind} go_backwards masked",
            lambda x, m=make: m(3, go_backwards=True, return_sequences=True)(ids(x)),
            (5,),
            dtype="int32",
        )
        case(
            f"{kind} unroll masked",
            lambda x, m=make: m(3, unroll=True, return_sequences=True)(ids(x)),
            (5,),
            dtype="int32",
        )
        case(
            f"{kind} unroll backwards zero_output",
            lambda x, m=make: m(3, unroll=True, go_backwards=True, zero_output_for_mask=True, return_sequences=True)(
                ids(x)
            ),
            (5,),
            dtype="int32",
        )
        case(
            f"{kind} zero_output",
            lambda x, m=make: m(3, zero_output_for_mask=True, return_sequences=True)(ids(x)),
            (5,),
            dtype="int32",
        )
        case(f"{kind} stateful", lambda x, m=make: m(3, stateful=True)(layers.Dense(2)(x)), (4, 2), fixed=True)
        case(
            f"{kind} cell of a step",
            lambda x, s, k=kind, n=states: cell(k)(layers.Dense(2)(x), [layers.Dense(3)(s)] * n)[0],
            (2,),
            (3,),
        )
        for activation in ("gelu", "softmax", "leaky_relu"):
            case(f"{kind} {activation}", lambda x, m=make, a=activation: m(3, activation=a)(layers.Dense(2)(x)), (4, 2))
            if kind != "SimpleRNN":
                case(
                    f"{kind} recurrent {activation}",
                    lambda x, m=make, a=activation: m(3, recurrent_activation=a, return_sequences=True)(ids(x)),
                    (4,),
                    dtype="int32",
                )
    case("GRU reset before", lambda x: layers.GRU(3, reset_after=False, activation="gelu")(ids(x)), (4,), dtype="int32")
    mixed = lambda: [cell("LSTM", 3), cell("GRU", 2), cell("SimpleRNN", 4)]
    case(
        "StackedRNNCells states",
        lambda x: layers.RNN(layers.StackedRNNCells(mixed()), return_state=True, return_sequences=True)(x),
        (4, 2),
    )
    case(
        "StackedRNNCells initial state",
        lambda x, s: layers.RNN(mixed())(
            layers.Dense(2)(x),
            initial_state=[[layers.Dense(3)(s), layers.Dense(3)(s)], layers.Dense(2)(s), layers.Dense(4)(s)],
        ),
        (4, 2),
        (3,),
    )
    case("StackedRNNCells masked", lambda x: layers.RNN(mixed(), return_sequences=True)(ids(x)), (5,), dtype="int32")
    case(
        "StackedRNNCells nested",
        lambda x: layers.RNN([layers.StackedRNNCells(mixed()), cell("GRU")])(ids(x)),
        (5,),
        dtype="int32",
    )
    case(
        "StackedRNNCells gelu",
        lambda x: layers.RNN([cell("LSTM", activation="gelu"), cell("GRU")])(ids(x)),
        (5,),
        dtype="int32",
    )
    for mode in ("concat", "sum", "mul", "ave", None):
        for sequences in (True, False):
            options = dict(return_sequences=sequences, return_state=True)
            case(
                f"Bidirectional {mode} {sequences} states",
                lambda x, m=mode, o=options: layers.Bidirectional(layers.LSTM(3, **o), merge_mode=m)(ids(x)),
                (5,),
                dtype="int32",
            )
        case(
            f"Bidirectional {mode} initial state",
            lambda x, s, m=mode: layers.Bidirectional(layers.GRU(3, return_sequences=True), merge_mode=m)(
                layers.Dense(2)(x), initial_state=[layers.Dense(3)(s), layers.Dense(3)(s)]
            ),
            (4, 2),
            (3,),
        )
    case(
        "Bidirectional backward_layer",
        lambda x: layers.Bidirectional(
            layers.LSTM(3, return_sequences=True),
            backward_layer=layers.GRU(2, return_sequences=True, go_backwards=True),
        )(ids(x)),
        (5,),
        dtype="int32",
    )
    case(
        "Bidirectional stack",
        lambda x: layers.Bidirectional(layers.RNN(mixed(), return_state=True))(layers.Dense(2)(x)),
        (4, 2),
    )
    case(
        "Bidirectional unroll zero_output",
        lambda x: layers.Bidirectional(layers.GRU(3, return_sequences=True, unroll=True, zero_output_for_mask=True))(
            ids(x)
        ),
        (5,),
        dtype="int32",
    )
    case(
        "Bidirectional gelu",
        lambda x: layers.Bidirectional(layers.GRU(3, activation="gelu"))(ids(x)),
        (5,),
        dtype="int32",
    )
    case(
        "Bidirectional stateful",
        lambda x: layers.Bidirectional(layers.LSTM(2, stateful=True))(layers.Dense(2)(x)),
        (4, 2),
        fixed=True,
    )
    case(
        "Bidirectional of Bidirectional",
        lambda x: layers.Bidirectional(layers.LSTM(2))(
            layers.Bidirectional(layers.GRU(3, return_sequences=True))(ids(x))
        ),
        (5,),
        dtype="int32",
    )


def distributed():
    inner = {
        "Dense": (lambda: layers.Dense(2, activation="softmax"), (4, 3)),
        "Flatten": (lambda: layers.Flatten(), (3, 2, 2)),
        "Conv1D": (lambda: layers.Conv1D(2, 2), (3, 4, 2)),
        "Conv2D": (lambda: layers.Conv2D(2, 2), (3, 4, 3, 2)),
        "Conv2DTranspose": (lambda: layers.Conv2DTranspose(2, 2), (3, 3, 2, 2)),
        "MaxPooling2D": (lambda: layers.MaxPooling2D(2), (3, 4, 3, 2)),
        "GlobalAveragePooling1D": (lambda: layers.GlobalAveragePooling1D(), (3, 4, 2)),
        "LSTM": (lambda: layers.LSTM(2), (3, 4, 2)),
        "GRU sequences": (lambda: layers.GRU(2, return_sequences=True), (3, 4, 2)),
        "Bidirectional": (lambda: layers.Bidirectional(layers.LSTM(2)), (3, 4, 2)),
        "BatchNormalization": (lambda: layers.BatchNormalization(), (4, 3)),
        "BatchNormalization of images": (lambda: layers.BatchNormalization(), (2, 3, 2, 3)),
        "LayerNormalization": (lambda: layers.LayerNormalization(), (4, 3)),
        "TimeDistributed": (lambda: layers.TimeDistributed(layers.Dense(2)), (2, 3, 2)),
        "Reshape": (lambda: layers.Reshape((3, 2)), (2, 2, 3)),
        "Permute": (lambda: layers.Permute((2, 1)), (2, 2, 3)),
        "Activation": (lambda: layers.Activation("gelu"), (4, 3)),
        "PReLU": (lambda: layers.PReLU(alpha_initializer="ones"), (4, 3)),
        "RepeatVector": (lambda: layers.RepeatVector(2), (4, 3)),
        "Sequential": (lambda: keras.Sequential([layers.Dense(3, activation="tanh"), layers.LSTM(2)]), (3, 4, 2)),
        "Sequential BatchNormalization": (
            lambda: keras.Sequential([layers.Dense(3), layers.BatchNormalization(), layers.Dense(2)]),
            (3, 2),
        ),
    }
    for words, (make, shape) in inner.items():
        case(
            f"TimeDistributed {words}",
            lambda x, m=make: layers.TimeDistributed(m())(layers.Dense(x.shape[-1])(x)),
            shape,
        )
    case(
        "TimeDistributed masked",
        lambda x: layers.LSTM(2)(layers.TimeDistributed(layers.Dense(2))(ids(x))),
        (5,),
        dtype="int32",
    )
    case(
        "TimeDistributed Embedding",
        lambda x: layers.LSTM(2)(
            layers.TimeDistributed(layers.LSTM(2))(layers.TimeDistributed(layers.Embedding(5, 3))(x))
        ),
        (3, 4),
        dtype="int32",
    )
    case(
        "hierarchy",
        lambda x: layers.LSTM(2)(
            layers.TimeDistributed(
                keras.Sequential(
                    [layers.Input((4,), dtype="int32"), layers.Embedding(5, 3, mask_zero=True), layers.LSTM(2)]
                )
            )(x)
        ),
        (3, 4),
        dtype="int32",
    )

    def functional(x):
        a = layers.Input((4, 2))
        h, s = layers.GRU(2, return_state=True, return_sequences=True)(a)
        model = keras.Model(a, layers.Dense(2)(layers.Concatenate()([layers.Flatten()(h), s])))
        return layers.TimeDistributed(model)(layers.Dense(2)(x))

    case("TimeDistributed functional", functional, (3, 4, 2))


def graphs():
    def seq2seq(source, target):
        _, h, c = layers.LSTM(3, return_state=True)(ids(source))
        decoded = layers.LSTM(3, return_sequences=True)(ids(target), initial_state=[h, c])
        return layers.Dense(5, activation="softmax")(decoded)

    case("encoder-decoder", seq2seq, (4,), (5,), dtype="int32")

    def attended(source, target, name):
        encoded, h, c = layers.LSTM(3, return_sequences=True, return_state=True)(ids(source))
        decoded, _, _ = layers.LSTM(3, return_sequences=True, return_state=True)(ids(target), initial_state=[h, c])
        if name == "dot":
            scores = layers.Activation("softmax")(layers.Dot(axes=(2, 2))([decoded, encoded]))
            context = layers.Dot(axes=(2, 1))([scores, encoded])
        elif name == "MultiHeadAttention":
            context = layers.MultiHeadAttention(2, 2)(decoded, encoded)
        else:
            context = getattr(layers, name)()([decoded, encoded])
        both = layers.Concatenate()([decoded, context])
        return layers.TimeDistributed(layers.Dense(5, activation="softmax"))(both)

    for name in ("dot", "Attention", "AdditiveAttention", "MultiHeadAttention"):
        case(f"encoder-decoder {name}", lambda s, t, n=name: attended(s, t, n), (4,), (5,), dtype="int32")

    def both_ways(source, target):
        encoded, fh, fc, bh, bc = layers.Bidirectional(layers.LSTM(2, return_sequences=True, return_state=True))(
            ids(source)
        )
        states = [layers.Concatenate()([fh, bh]), layers.Concatenate()([fc, bc])]
        decoded = layers.LSTM(4, return_sequences=True)(ids(target), initial_state=states)
        return layers.Dense(5)(layers.Concatenate()([decoded, layers.Attention()([decoded, encoded])]))

    case("encoder-decoder of both ways", both_ways, (4,), (5,), dtype="int32")

    def gru_decoder(source, target):
        encoder = layers.Bidirectional(layers.GRU(2, return_sequences=True, return_state=True), merge_mode="ave")
        encoded, forward, backward = encoder(layers.Masking()(source))
        state = layers.Dense(2, activation="tanh")(layers.Concatenate()([forward, backward]))
        y, last = layers.GRU(2, return_sequences=True, return_state=True)(ids(target), initial_state=state)
        return [layers.Dense(5)(layers.AdditiveAttention()([y, encoded])), layers.Dense(1)(last)]

    case("encoder-decoder GRU two outputs", gru_decoder, (4, 2), (5,), dtype=("float32", "int32"))
    case(
        "states into Bidirectional",
        lambda x, y: layers.Bidirectional(layers.LSTM(2))(
            y, initial_state=layers.Bidirectional(layers.LSTM(2, return_state=True))(layers.Dense(2)(x))[1:]
        ),
        (4, 2),
        (5, 2),
    )

    def shared(a, b):
        lstm = layers.LSTM(3)
        table = layers.Embedding(5, 3, mask_zero=True)
        left, right = lstm(table(a)), lstm(table(b))
        return layers.Dense(1)(layers.Concatenate()([left, right, layers.Subtract()([left, right])]))

    case("siamese", shared, (4,), (5,), dtype="int32")

    def twice(x):
        gru = layers.GRU(2, return_sequences=True)
        dense = layers.Dense(2)
        y = dense(gru(dense(x)))
        return gru(gru(y))

    case("shared over depth", twice, (4, 2))

    def nested(x):
        inner = keras.Sequential([layers.LSTM(3, return_sequences=True), layers.Dense(2)])
        middle_in = layers.Input((4, 2))
        middle = keras.Model(middle_in, [inner(middle_in), layers.GRU(2)(inner(middle_in))])
        outer = keras.Sequential([layers.Dense(2), layers.Activation("tanh")])
        y, z = middle(outer(x))
        return [layers.Dense(1)(outer(y)), z]

    case("models in models", nested, (4, 2))

    def many(a, b):
        x = layers.LSTM(3, return_sequences=True)(layers.Concatenate()([a, layers.Dense(2)(b)]))
        return [
            layers.TimeDistributed(layers.Dense(2))(x),
            layers.Dense(3, activation="softmax")(layers.GlobalMaxPooling1D()(x)),
            layers.Dense(1, activation="sigmoid")(layers.GRU(2)(x)),
        ]

    case("two inputs, three outputs", many, (4, 2), (4, 3))
    case("output inside", lambda x: (lambda y: [y, layers.GRU(2)(y)])(layers.LSTM(3, return_sequences=True)(x)), (4, 2))
    case(
        "residual",
        lambda x: layers.Dense(1)(
            layers.LSTM(3)(layers.Add()([ids(x), layers.LSTM(3, return_sequences=True)(ids(x))]))
        ),
        (5,),
        dtype="int32",
    )
    case(
        "autoencoder",
        lambda x: layers.TimeDistributed(layers.Dense(2))(
            layers.LSTM(3, return_sequences=True)(layers.RepeatVector(4)(layers.LSTM(3)(x)))
        ),
        (4, 2),
    )
    case(
        "last state by slicing",
        lambda x: layers.Dense(2)(layers.LSTM(3, return_sequences=True)(x)[:, -1, :]),
        (4, 2),
    )
    case(
        "attention by operations",
        lambda x: (
            lambda h: keras.ops.sum(h * keras.ops.softmax(layers.Dense(1, activation="tanh")(h), axis=1), axis=1)
        )(layers.Bidirectional(layers.LSTM(2, return_sequences=True))(ids(x))),
        (5,),
        dtype="int32",
    )
    case(
        "transformer block",
        lambda x: (
            lambda y: layers.LayerNormalization()(
                layers.Add()([y, layers.Dense(3)(layers.Dense(6, activation="gelu")(y))])
            )
        )((lambda e: layers.LayerNormalization()(layers.Add()([e, layers.MultiHeadAttention(2, 2)(e, e)])))(ids(x))),
        (5,),
        dtype="int32",
    )


GROUPS = [convolutions, others, attention, conv_lstm, recurrent, distributed, graphs, operations]


# Operations with ways back of their own; the others' are those of what they are made of.
OWN_WAYS_BACK = {f"ops.{name}" for name in "arctan arcsin arccos arctan2 sort median top_k take_along_axis".split()} | {
    "ops.take computed",
    "ops.divide_no_nan",
}
# What the numbers do not depend on.
UNREAD = re.compile("_initializer$|^build_config$|^seed$|^compile_config$")
WANTED = {"merge_mode", "axis", "batch_shape", "initial_state"}


def short(config):
    """A config without what training and prediction do not look at."""
    if isinstance(config, list):
        return [short(item) for item in config]
    if not isinstance(config, dict):
        return config
    if config.get("class_name") == "__keras_tensor__":
        return {**config, "config": {"keras_history": config["config"]["keras_history"]}}
    return {
        key: short(value)
        for key, value in config.items()
        if not UNREAD.search(key)
        and (value is not None or key in WANTED)
        and not (key == "dtype" and isinstance(value, dict))
    }


def given(shape, dtype, random):
    if dtype == "int32":
        values = random.integers(0, 5, (BATCH, *shape))
        # A step at the front and at the end are there, so that a mask is not all that is tested.
        values[0] = np.maximum(values[0], 1)
        return values.astype(np.int32)
    return random.normal(size=(BATCH, *shape)).astype(np.float32)


def build(name):
    make, shapes, dtypes, fixed = CASES[name]
    random = np.random.default_rng([7, *name.encode()])
    dtypes = [dtypes] * len(shapes) if isinstance(dtypes, str) else dtypes
    inputs = [
        Input(batch_shape=(BATCH, *shape), dtype=dtype) if fixed else Input(shape, dtype=dtype)
        for shape, dtype in zip(shapes, dtypes)
    ]
    outputs = make(*inputs)
    flat = keras.tree.flatten(outputs)
    model = keras.Model(inputs if len(inputs) > 1 else inputs[0], flat if len(flat) > 1 else flat[0])
    layer_cases.settle(model, random)
    batches = []
    for _ in range(STEPS):
        xs = [given(shape, dtype, random) for shape, dtype in zip(shapes, dtypes)]
        results = keras.tree.flatten(model(xs if len(xs) > 1 else xs[0]))
        batches.append((xs, [random.normal(size=tuple(y.shape)).astype(np.float32) for y in results]))
    for each in model._flatten_layers():
        if getattr(each, "stateful", False) and hasattr(each, "reset_state"):
            each.reset_state()
    return model, batches


def train(model, batches):
    import tensorflow as tf

    optimizer = keras.optimizers.SGD(0.05)
    apply = optimizer.apply
    optimizer.apply = lambda grads, variables=None: apply([tf.convert_to_tensor(g) for g in grads], variables)
    model.compile(optimizer=optimizer, loss=["mse"] * len(model.outputs), run_eagerly=True, jit_compile=False)
    one = lambda list: list if len(list) > 1 else list[0]
    losses = []
    for x, y in batches:
        logs = model.train_on_batch(one(x), one(y), return_dict=True)
        losses.append(float(np.asarray(logs["loss"])))
    return losses


def main(out, pattern="."):
    for group in GROUPS:
        group()
    compact = []
    for number, name in enumerate(name for name in CASES if re.search(pattern, name)):
        keras.backend.clear_session()
        folder = os.path.join(out, str(number))
        try:
            model, batches = build(name)
            if not model.trainable_weights:
                raise ValueError("nothing in it trains")
            os.makedirs(folder, exist_ok=True)
            model.save(os.path.join(folder, "model.keras"))
            architecture = {"keras_version": keras.__version__, **short(json.loads(model.to_json()))}
            weights = layer_cases.arrays(model)
            losses = train(model, batches)
            if not np.all(np.isfinite(losses)):
                raise ValueError(f"losses {losses}")
        except Exception as error:
            print(f"{name}: {type(error).__name__}: {str(error)[:300]}", file=sys.stderr)
            continue
        # Keras lists the kernel in SpectralNormalization as the wrapper's own weight, before the vector.
        after = sorted(zip(model.get_weights(), model.weights), key=lambda pair: "vector_u" not in pair[1].path)
        shared = {
            "batches": [{"x": [tensor(x) for x in xs], "y": [tensor(y) for y in ys]} for xs, ys in batches],
            "losses": losses,
            "weightsAfter": [{**tensor(w), "name": v.path} for w, v in after],
        }
        about = {
            "id": name,
            "about": name,
            "tags": [],
            "models": [{"file": "model.keras"}],
            "compile": {
                "optimizer": {"class_name": "SGD", "config": {"learning_rate": 0.05}},
                "loss": ["mse"] * len(model.outputs),
            },
            "metrics": {},
            "tolerance": {"abs": 1e-5, "rel": 1e-5},
            "weightsTolerance": {"abs": 1e-4, "rel": 1e-4},
        }
        with open(os.path.join(folder, "case.json"), "w", encoding="utf-8") as file:
            json.dump({**about, **shared}, file)
        if not name.startswith("ops.") or name in OWN_WAYS_BACK:
            compact.append({"name": name, "architecture": architecture, "weights": weights, **shared})
    with open(os.path.join(out, "cases.jsonl"), "w", encoding="utf-8") as file:
        file.writelines(json.dumps(item, separators=(",", ":")) + "\n" for item in compact)


if __name__ == "__main__":
    main(*sys.argv[1:])
