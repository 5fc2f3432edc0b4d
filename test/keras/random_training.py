"""Builds random small models with a real Keras, trains them for some steps, and writes what came out.

usage: python random_training.py OUT FIRST_SEED COUNT
Writes OUT/<seed>/{model.keras, case.json}; a case has the form of a golden of kind "train" (shared/goldens/README.md).
The same seed and Keras give the same case. A draw that Keras refuses, that diverges, or whose weights depend on the last
bit of the first ones is drawn again, from the same seed, and noted in the case.
"""

import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")

import numpy as np
import tensorflow as tf
from random_layers import ACTIVATIONS, MERGES, RandomLayers, keras, layers
from random_models import tensor

DRAWS = 12
STEPS = 4
LOSS_TOLERANCE = 1e-5
WEIGHTS_TOLERANCE = 1e-4



class Builder(RandomLayers):
    """One random model with its loss and optimizer."""

    def cell_options(self, kind, units=None):
        options = super().cell_options(kind, units)
        if self.chance(0.05):
            options["activation"] = "softmax"
        # Its random masks are Keras' own.
        for name in ("dropout", "recurrent_dropout"):
            options.pop(name, None)
        for name in ("kernel", "recurrent", "bias"):
            if self.chance(0.08) and (name != "bias" or options["use_bias"]):
                options[f"{name}_regularizer"] = self.regularizer(matrix=name != "bias")
        return options

    def regularizer(self, matrix=True):
        make = [keras.regularizers.L2, keras.regularizers.L1, lambda factor: keras.regularizers.L1L2(factor, factor)]
        return self.pick(make)(0.01)

    def between(self, steps, features):
        pick = self.pick
        make = {
            "TimeDistributed(Dense)": lambda: layers.TimeDistributed(self.dense()),
            "Dense": self.dense,
            "Activation": lambda: layers.Activation(pick(ACTIVATIONS)),
            "LayerNormalization": lambda: layers.LayerNormalization(epsilon=0.01, center=self.chance(0.7)),
            "BatchNormalization": lambda: layers.BatchNormalization(epsilon=0.1, scale=self.chance(0.7)),
            "LeakyReLU": lambda: layers.LeakyReLU(negative_slope=0.2),
            "ELU": lambda: layers.ELU(0.7),
            "ReLU": lambda: layers.ReLU(negative_slope=0.1),
            "PReLU": lambda: layers.PReLU(),
            "Softmax": lambda: layers.Softmax(),
            "Rescaling": lambda: layers.Rescaling(0.5, 0.1),
            "Normalization": lambda: layers.Normalization(mean=[0.1] * features, variance=[2.0] * features),
            "Conv1D": lambda: self.conv1d(steps),
            "MaxPooling1D": lambda: layers.MaxPooling1D(2, padding="same"),
            "AveragePooling1D": lambda: layers.AveragePooling1D(3, strides=pick([1, 2]), padding="same"),
            "Permute": lambda: layers.Permute((2, 1)),
            "GroupNormalization": lambda: layers.GroupNormalization(pick([1, -1]), epsilon=0.01),
            "RMSNormalization": lambda: layers.RMSNormalization(epsilon=0.01),
            "UnitNormalization": lambda: layers.UnitNormalization(),
            "SeparableConv1D": lambda: layers.SeparableConv1D(self.units(), 3, padding="same", depth_multiplier=2),
            "DepthwiseConv1D": lambda: layers.DepthwiseConv1D(2, padding="same", depth_multiplier=pick([1, 2])),
            "Conv1DTranspose": lambda: layers.Conv1DTranspose(
                self.units(), 3, strides=pick([1, 2]), padding=pick(["same", "valid"]), activation=pick(ACTIVATIONS)
            ),
            "UpSampling1D": lambda: layers.UpSampling1D(2),
            "ZeroPadding1D": lambda: layers.ZeroPadding1D((1, 2)),
            "Cropping1D": lambda: layers.Cropping1D((1, 0) if steps >= 3 else 0),
            "SpectralNormalization": lambda: layers.SpectralNormalization(self.dense()),
            "TimeDistributed(BatchNormalization)": lambda: layers.TimeDistributed(
                layers.BatchNormalization(epsilon=0.1, axis=-1)
            ),
            "TimeDistributed(model)": lambda: layers.TimeDistributed(keras.Sequential([self.dense(), self.dense()])),
        }
        name = pick(list(make))
        self.say(name)
        return make[name]()

    def states(self, x, masked):
        """An encoder whose states start a decoder, and perhaps attention between the two."""
        kind, units = self.pick(["LSTM", "GRU", "SimpleRNN"]), self.units()
        more = {"kind": kind, "units": units, "masked": masked}
        both = self.chance(0.4)
        self.say("encoder-decoder", *(["both ways"] if both else []))
        # A stack's states lie in lists of their own.
        own = {"return_state": True, "go_backwards": False} if both else {"return_state": True}
        encoder = getattr(layers, kind)(**self.cell_options(kind, units), return_sequences=True, **own)
        encoded, *states = (layers.Bidirectional(encoder) if both else encoder)(x)
        if both:
            half = len(states) // 2
            states = [layers.Concatenate()([states[i], states[half + i]]) for i in range(half)]
            units *= 2
        decoder = getattr(layers, kind)(**self.cell_options(kind, units), return_sequences=True)
        decoded = decoder(x, initial_state=states if len(states) > 1 else states[0])
        name = self.pick(["", "Attention", "AdditiveAttention", "MultiHeadAttention"])
        if not name:
            return decoded
        self.say(name)
        context = (
            layers.MultiHeadAttention(2, 3)(decoded, encoded)
            if name == "MultiHeadAttention"
            else getattr(layers, name)()([decoded, encoded])
        )
        return layers.Concatenate()([decoded, context])

    def pictures(self, x):
        """Steps as small pictures through a ConvLSTM."""
        rank = int(self.pick([1, 1, 2]))
        sequences = self.chance(0.6)
        options = {
            "filters": int(self.pick([1, 2, 3])),
            "kernel_size": 2,
            "padding": "same",
            "return_sequences": sequences,
            "activation": self.pick(ACTIVATIONS),
            "recurrent_activation": self.pick(["sigmoid", "hard_sigmoid", "tanh"]),
            "use_bias": self.chance(0.8),
            "go_backwards": self.chance(0.3),
        }
        steps, width = x.shape[1], 6
        kind = getattr(layers, f"ConvLSTM{rank}D")(**options)
        self.say(f"ConvLSTM{rank}D")
        shape = (width // 2, 2) if rank == 1 else (3, 2, 1)
        y = layers.Reshape((steps, *shape))(layers.Dense(width)(x))
        y = (layers.Bidirectional(kind) if not options["go_backwards"] and self.chance(0.3) else kind)(y)
        return layers.TimeDistributed(layers.Flatten())(y) if sequences else layers.Reshape((1, -1))(y)

    def body(self):
        steps = int(self.pick([2, 3, 5, 8]))
        source, x, values, masked = self.front(steps, batch=int(self.pick([2, 3, 5])))
        for _ in range(int(self.random.integers(0, 3))):
            x = self.wrapped(True, masked)(x) if self.chance(0.5) else self.between(x.shape[1], x.shape[-1])(x)
        if self.chance(0.25):
            units = self.units()
            merge = self.pick(MERGES)
            self.say("branches", merge)
            pair = [self.recurrent(True, masked, units=units)(x) for _ in range(2)]
            x = getattr(layers, merge)()(pair)
        if self.chance(0.2):
            x = self.states(x, masked)
        if self.chance(0.12):
            x = self.pictures(x)
        if self.chance(0.15):
            name = self.pick(["Attention", "AdditiveAttention", "MultiHeadAttention"])
            self.say(name)
            x = self.recurrent(True, masked, units=4)(x)
            x = layers.MultiHeadAttention(2, 3)(x, x) if name == "MultiHeadAttention" else getattr(layers, name)()([x, x])
        way = self.pick(["last", "last", "last", "sequence", "GlobalMaxPooling1D", "GlobalAveragePooling1D", "Flatten"])
        if way in ("last", "sequence"):
            return source, self.wrapped(way == "sequence", masked)(x), values
        self.say(way)
        return source, getattr(layers, way)()(x), values

    def head(self, x):
        """Output layer, loss and targets."""
        shape = (*[size for size in x.shape[1:-1]],)
        kind = self.pick(["mse", "mae", "huber", "log_cosh", "binary", "categorical", "sparse", "poisson"])
        self.say(kind)
        options = {"kernel_regularizer": self.regularizer()} if self.chance(0.2) else {}
        if self.chance(0.1):
            options["kernel_constraint"] = self.pick([keras.constraints.MaxNorm(0.8), keras.constraints.NonNeg()])
        width = {"binary": 1, "categorical": 3, "sparse": 3}.get(kind, int(self.pick([1, 2, 4])))
        activation = {"binary": "sigmoid", "categorical": "softmax", "sparse": "softmax", "poisson": "softplus"}.get(kind)
        y = layers.Dense(width, activation=activation, **options)(x)

        def targets(batch):
            if kind in ("categorical", "sparse"):
                classes = self.random.integers(0, 3, (batch, *shape))
                return classes.astype(np.int32) if kind == "sparse" else np.eye(3, dtype=np.float32)[classes]
            if kind == "binary":
                return self.random.integers(0, 2, (batch, *shape, 1)).astype(np.float32)
            values = self.random.normal(size=(batch, *shape, width)).astype(np.float32)
            return np.abs(values) if kind == "poisson" else values

        losses = {
            "binary": "binary_crossentropy",
            "categorical": "categorical_crossentropy",
            "sparse": "sparse_categorical_crossentropy",
        }
        return y, losses.get(kind, kind), targets

    def optimizer(self):
        rate = self.pick([0.01, 0.03, keras.optimizers.schedules.ExponentialDecay(0.02, 2, 0.7)])
        # Where a gradient is all rounding, a small ε makes a step of it.
        epsilon = 1e-3
        make = {
            "SGD": lambda **o: keras.optimizers.SGD(rate, momentum=self.pick([0.0, 0.9]), nesterov=self.chance(0.5), **o),
            "Adam": lambda **o: keras.optimizers.Adam(rate, epsilon=epsilon, amsgrad=self.chance(0.3), **o),
            "AdamW": lambda **o: keras.optimizers.AdamW(rate, epsilon=epsilon, **o),
            "RMSprop": lambda **o: keras.optimizers.RMSprop(
                rate, epsilon=epsilon, momentum=self.pick([0.0, 0.5]), centered=self.chance(0.3), **o
            ),
            "Adagrad": lambda **o: keras.optimizers.Adagrad(rate, epsilon=epsilon, **o),
            "Adadelta": lambda **o: keras.optimizers.Adadelta(rate, epsilon=epsilon, **o),
            "Adamax": lambda **o: keras.optimizers.Adamax(rate, epsilon=epsilon, **o),
            "Nadam": lambda **o: keras.optimizers.Nadam(rate, epsilon=epsilon, **o),
        }
        name = self.pick(list(make))
        self.say(name)
        more = self.pick([{}, {}, {"clipnorm": 0.5}, {"global_clipnorm": 0.7}, {"clipvalue": 0.1}])
        self.say(*more)
        return make[name](**more)

    def build(self):
        source, x, values = self.body()
        y, loss, targets = self.head(x)
        model = keras.Model(source, y)
        weighted = self.chance(0.25)
        if weighted:
            self.say("sample-weight")
        batches = []
        for _ in range(STEPS):
            order = self.random.permutation(len(values))
            # One weight per sample, and for sequences one per step.
            places = (len(values), *y.shape[1:-1])
            weights = self.random.random(places).astype(np.float32) if weighted else None
            batches.append((values[order], targets(len(values)), weights))
        return model, loss, self.optimizer(), batches


def train(model, optimizer, loss, first, batches):
    """Losses and weights of some steps from given weights."""
    model.set_weights(first)
    fresh = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    # TensorFlow squares the gradients of repeated ids one by one; every other backend, and this package, their sum.
    apply = fresh.apply
    fresh.apply = lambda grads, variables=None: apply([tf.convert_to_tensor(g) for g in grads], variables)
    model.compile(optimizer=fresh, loss=loss, run_eagerly=True, jit_compile=False)
    losses = [float(np.asarray(model.train_on_batch(x, y, sample_weight=w))) for x, y, w in batches]
    return losses, model.get_weights()


def apart(one, other):
    """How far two runs are from each other, in units of the tolerances."""
    losses = max(abs(a - b) for a, b in zip(one[0], other[0])) / LOSS_TOLERANCE
    weights = max((float(np.max(np.abs(a - b), initial=0)) for a, b in zip(one[1], other[1])), default=0)
    return max(losses, weights / WEIGHTS_TOLERANCE)


def write(out, seed):
    notes = []
    for draw in range(DRAWS):
        keras.backend.clear_session()
        keras.utils.set_random_seed(seed)
        builder = Builder([seed, draw])
        try:
            model, loss, optimizer, batches = builder.build()
            folder = os.path.join(out, str(seed))
            os.makedirs(folder, exist_ok=True)
            first = model.get_weights()
            model.save(os.path.join(folder, "model.keras"))
            losses, after = train(model, optimizer, loss, first, batches)
            if not np.all(np.isfinite(losses)) or max(np.abs(losses)) > 20:
                raise ValueError(f"losses {losses}")
            nudged = [w * np.float32(1 + 2e-7) for w in first]
            moved = apart((losses, after), train(model, optimizer, loss, nudged, batches))
            if not moved < 0.5:
                raise ValueError(f"the last bit of the first weights moves the result by {moved:.1g} tolerances")
            break
        except Exception as error:
            notes.append(f"{' '.join(builder.words)}: {type(error).__name__}: {str(error)[:300]}")
    else:
        raise RuntimeError("; ".join(notes))
    case = {
        "id": f"training/{seed}",
        "made": f"{keras.__name__} {keras.__version__}",
        "about": " ".join(builder.words),
        "notes": notes,
        "tags": [],
        "models": [{"file": "model.keras"}],
        "compile": {"optimizer": keras.optimizers.serialize(optimizer), "loss": loss},
        "batches": [
            {"x": [tensor(x)], "y": [tensor(y)], **({} if w is None else {"sampleWeight": tensor(w)})} for x, y, w in batches
        ],
        "losses": losses,
        "metrics": {},
        "weightsAfter": [{**tensor(w), "name": v.path} for w, v in zip(after, model.weights)],
        "tolerance": {"abs": LOSS_TOLERANCE, "rel": LOSS_TOLERANCE},
        "weightsTolerance": {"abs": WEIGHTS_TOLERANCE, "rel": WEIGHTS_TOLERANCE},
    }
    with open(os.path.join(folder, "case.json"), "w", encoding="utf-8") as file:
        json.dump(case, file)


if __name__ == "__main__":
    for number in range(int(sys.argv[2]), int(sys.argv[2]) + int(sys.argv[3])):
        try:
            write(sys.argv[1], number)
        except Exception as error:
            print(f"seed {number}: {DRAWS} draws refused: {error}", file=sys.stderr)
