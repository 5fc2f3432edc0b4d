"""Cases of training: layers in wrappers, models in models, encoders and decoders, for training_layers.py."""

from random_layers import keras, layers
from trained_cases import case, ids


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


GROUPS = [distributed, graphs]
