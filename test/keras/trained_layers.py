"""Cases of training, one for each layer class and option, for training_layers.py."""

import layer_cases
from random_layers import MERGES, keras, layers
from trained_cases import case, ids, layer


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


GROUPS = [convolutions, others, attention, operations]
