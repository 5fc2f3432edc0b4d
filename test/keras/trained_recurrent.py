"""Cases of training: recurrent and convolutional recurrent layers with their options, for training_layers.py."""

from random_layers import layers
from trained_cases import case, ids


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


GROUPS = [conv_lstm, recurrent]
