"""Random layers and inputs, for random_models.py: every option of the recurrent layers, and their companions.

The environment variable KERAS_MODULE names the package: keras (default) or tf_keras.
"""

import importlib
import os

import numpy as np

keras = importlib.import_module(os.environ.get("KERAS_MODULE", "keras"))
layers = keras.layers
KERAS3 = keras.__version__.startswith("3.")

OLD_ACTIVATIONS = "relu sigmoid softsign elu linear hard_sigmoid softplus selu gelu swish tanh mish".split()
NEW_ACTIVATIONS = (
    "leaky_relu relu6 silu hard_silu celu hard_tanh soft_shrink squareplus log_sigmoid sparse_plus tanh_shrink "
    "hard_shrink sparse_sigmoid".split()
)
RECURRENT = ["sigmoid", "sigmoid", "hard_sigmoid", "tanh", "relu", "softsign", "linear"]
KINDS = ["LSTM", "LSTM", "GRU", "GRU", "SimpleRNN"]
MERGES = ["Add", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Subtract"]


def known(names):
    """Those activations that this Keras has."""
    return [name for name in names if hasattr(keras.activations, name)]


ACTIVATIONS = known(OLD_ACTIVATIONS + NEW_ACTIVATIONS)


class Choices:
    """Seeded choices; `words` tells what was chosen."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.words = []

    def pick(self, values):
        return values[int(self.random.integers(len(values)))]

    def chance(self, probability):
        return bool(self.random.random() < probability)

    def say(self, *words):
        self.words += [str(word) for word in words]

    def units(self):
        return int(self.pick([1, 2, 3, 4, 5, 7, 8, 9, 12, 17]))


class RandomLayers(Choices):
    """Makes layers. A `masked` argument says whether a mask may reach the layer."""

    def rate(self, value):
        """A rate of dropout or noise."""
        return value

    def cell_options(self, kind, units=None):
        options = {"units": units or self.units(), "use_bias": self.chance(0.85)}
        if self.chance(0.4):
            options["activation"] = self.pick(ACTIVATIONS)
        if kind != "SimpleRNN" and self.chance(0.4):
            options["recurrent_activation"] = self.pick(RECURRENT)
        if kind == "LSTM" and self.chance(0.2):
            options["unit_forget_bias"] = False
        if kind == "GRU":
            options["reset_after"] = self.chance(0.6)
        if self.chance(0.15):
            options["dropout"] = self.rate(0.3)
        if self.chance(0.1):
            options["recurrent_dropout"] = self.rate(0.2)
        return options

    def recurrent(self, sequences, masked=True, kind=None, units=None, steps=None, **more):
        """LSTM, GRU, SimpleRNN, or RNN around a cell or a stack of them."""
        kind = kind or self.pick(KINDS)
        options = {"return_sequences": sequences, "go_backwards": self.chance(0.2), **more}
        if self.chance(0.15):
            options["zero_output_for_mask"] = True
        if steps and "stateful" not in more and self.chance(0.12):
            options["unroll"] = True
        self.say(kind, *(key for key, value in options.items() if value is True))
        if self.chance(0.2):
            count = int(self.pick([1, 1, 2, 3])) if not more.get("stateful") else 1
            cells = [getattr(layers, f"{kind}Cell")(**self.cell_options(kind, units)) for _ in range(count)]
            self.say(f"cells-{count}")
            stack = layers.StackedRNNCells(cells) if count > 1 and self.chance(0.3) else cells
            return layers.RNN(stack if count > 1 else cells[0], **options)
        return getattr(layers, kind)(**self.cell_options(kind, units), **options)

    def bidirectional(self, sequences, masked=True, steps=None, kind=None, units=None, modes=None, **more):
        """A pair of directions; merge mode None is the caller's business."""
        mode = self.pick(modes or ["concat", "concat", "sum", "mul", "ave"])
        self.say(f"bidirectional-{mode}")
        units = units or self.units()
        options = {"masked": masked, "steps": steps, "kind": kind, "units": units, **more}
        forward = self.recurrent(sequences, go_backwards=False, **options)
        if not self.chance(0.2):
            return layers.Bidirectional(forward, merge_mode=mode)
        self.say("backward-layer")
        extra = {"zero_output_for_mask": True} if getattr(forward, "zero_output_for_mask", False) else {}
        back = self.recurrent(sequences, go_backwards=True, **{**options, "steps": None}, **extra)
        return layers.Bidirectional(forward, merge_mode=mode, backward_layer=back)

    def wrapped(self, sequences, masked=True, steps=None):
        make = self.bidirectional if self.chance(0.35) else self.recurrent
        return make(sequences, masked=masked, steps=steps)

    def dense(self):
        return layers.Dense(self.units(), activation=self.pick(ACTIVATIONS), use_bias=self.chance(0.8))

    def conv1d(self, steps):
        size = int(self.pick([1, 2, 3]))
        padding = self.pick(["same", "causal", "valid"] if steps and steps >= 6 else ["same", "causal"])
        more = self.pick([{}, {"dilation_rate": 2}, {"strides": 2}])
        if padding == "valid" and more:
            size = min(size, 2)
        return layers.Conv1D(self.units(), size, padding=padding, activation=self.pick(ACTIVATIONS), **more)

    def companions(self, steps, features):
        """Makers of layers from sequence to sequence, by name."""
        pick = self.pick
        slope = {"negative_slope" if KERAS3 else "alpha": 0.2}
        make = {
            "Dropout": lambda: layers.Dropout(self.rate(0.4)),
            "SpatialDropout1D": lambda: layers.SpatialDropout1D(self.rate(0.3)),
            "GaussianNoise": lambda: layers.GaussianNoise(self.rate(0.2)),
            "GaussianDropout": lambda: layers.GaussianDropout(self.rate(0.2)),
            "ActivityRegularization": lambda: layers.ActivityRegularization(l2=0.01),
            "TimeDistributed(Dense)": lambda: layers.TimeDistributed(self.dense()),
            "Dense": self.dense,
            "Activation": lambda: layers.Activation(pick(ACTIVATIONS)),
            "LayerNormalization": lambda: layers.LayerNormalization(epsilon=0.01, center=self.chance(0.7)),
            "BatchNormalization": lambda: layers.BatchNormalization(scale=self.chance(0.7)),
            "UnitNormalization": lambda: layers.UnitNormalization(),
            "GroupNormalization": lambda: layers.GroupNormalization(pick([1, -1])),
            "LeakyReLU": lambda: layers.LeakyReLU(**slope),
            "ELU": lambda: layers.ELU(0.7),
            "ReLU": lambda: layers.ReLU(max_value=pick([None, 2.0]), negative_slope=0.1, threshold=0.2),
            "PReLU": lambda: layers.PReLU(shared_axes=[1]),
            "Softmax": lambda: layers.Softmax(),
            "Rescaling": lambda: layers.Rescaling(0.5, 0.1),
            "Conv1D": lambda: self.conv1d(steps),
            "SeparableConv1D": lambda: layers.SeparableConv1D(self.units(), 3, padding="same", depth_multiplier=2),
            "DepthwiseConv1D": lambda: layers.DepthwiseConv1D(2, padding="same", depth_multiplier=pick([1, 2])),
            "Conv1DTranspose": lambda: layers.Conv1DTranspose(self.units(), 3, strides=2, padding=pick(["same", "valid"])),
            "MaxPooling1D": lambda: layers.MaxPooling1D(2, padding="same"),
            "AveragePooling1D": lambda: layers.AveragePooling1D(3, strides=pick([1, 2]), padding="same"),
            "UpSampling1D": lambda: layers.UpSampling1D(2),
            "ZeroPadding1D": lambda: layers.ZeroPadding1D((1, 2)),
        }
        if KERAS3 and hasattr(layers, "RMSNormalization"):
            make["RMSNormalization"] = lambda: layers.RMSNormalization()
        if steps and steps >= 3:
            make["Cropping1D"] = lambda: layers.Cropping1D((1, 0))
        if steps:
            make["Permute"] = lambda: layers.Permute((2, 1))
            make["Reshape"] = lambda: layers.Reshape((-1, steps))
        return make

    def between(self, steps, features):
        """A layer from sequence to sequence."""
        make = self.companions(steps, features)
        name = self.pick(list(make))
        self.say(name)
        return make[name]()

    def keep(self, batch, steps):
        """Which steps hold something: one of the patterns that masks have."""
        pattern = self.pick(["none", "right", "left", "holes", "all", "mixed"])
        self.say(f"mask-{pattern}")
        places = np.arange(steps)[None, :]
        lengths = self.random.integers(0, steps + 1, batch)[:, None]
        holes = self.random.random((batch, steps)) < 0.6
        if pattern == "none":
            return np.ones((batch, steps), bool)
        if pattern == "right":
            return places < lengths
        if pattern == "left":
            return places >= steps - lengths
        if pattern == "holes":
            return holes
        if pattern == "all":
            return holes & (np.arange(batch)[:, None] > 0)
        kinds = self.random.integers(0, 3, batch)[:, None]
        return np.where(kinds == 0, holes, np.where(kinds == 1, places < lengths, places >= steps - lengths))

    def input(self, shape, batch=None, **options):
        if batch:
            return layers.Input(batch_shape=(batch, *shape), **options)
        return layers.Input(shape, **options)

    def front(self, steps, open_steps=False, batch=None, fixed=False):
        """An input, what comes first behind it, its values, and whether a mask leaves it: (input, tensor, values, masked)."""
        batch = batch or int(self.pick([1, 2, 3, 5]))
        shape = (None if open_steps else steps,)
        keep = self.keep(batch, steps)
        fixed = batch if fixed else None
        if self.chance(0.5):
            vocabulary = 11
            values = (self.random.integers(1, vocabulary, (batch, steps)) * keep).astype(np.int32)
            source = self.input(shape, fixed, dtype="int32")
            masked = self.chance(0.7)
            x = layers.Embedding(vocabulary, self.units(), mask_zero=masked)(source)
            return source, x, values, masked
        features = int(self.pick([1, 2, 3, 6, 9]))
        hidden = float(self.pick([0, 0, -1, 0.5]))
        values = self.random.normal(size=(batch, steps, features))
        values = np.where(keep[..., None], values, hidden).astype(np.float32)
        x = source = self.input((*shape, features), fixed)
        masked = self.chance(0.7)
        if masked:
            x = layers.Masking(hidden)(x)
        elif self.chance(0.2):
            self.say("Normalization")
            x = layers.Normalization(mean=[0.1] * features, variance=[2.0] * features)(x)
        return source, x, values, masked
