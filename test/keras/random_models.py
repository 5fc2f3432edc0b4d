"""Builds random recurrent models with a real Keras, and what they compute.

usage: python random_models.py OUT FIRST_SEED COUNT
Writes OUT/<seed>/{model.keras, model.h5, case.json}; a case has the form of a golden's. The same seed and Keras give the
same model.
"""

import base64
import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import keras
import numpy as np
from keras import layers

ACTIVATIONS = ["tanh", "tanh", "tanh", "relu", "sigmoid", "softsign", "elu", "linear", "hard_sigmoid", "softplus"]
RECURRENT_ACTIVATIONS = ["sigmoid", "sigmoid", "sigmoid", "hard_sigmoid", "tanh", "relu"]


class Builder:
    """One random model."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.words = []

    def pick(self, values):
        return values[int(self.random.integers(len(values)))]

    def chance(self, probability):
        return bool(self.random.random() < probability)

    def units(self):
        return int(self.pick([1, 2, 3, 4, 5, 7, 8, 9, 12, 17]))

    def cell_options(self, kind):
        options = {"units": self.units(), "use_bias": self.chance(0.85)}
        if self.chance(0.4):
            options["activation"] = self.pick(ACTIVATIONS)
        if kind != "SimpleRNN" and self.chance(0.4):
            options["recurrent_activation"] = self.pick(RECURRENT_ACTIVATIONS)
        if kind == "GRU":
            options["reset_after"] = self.chance(0.6)
        if self.chance(0.2):
            options["dropout"] = 0.3
        return options

    def recurrent(self, sequences, **more):
        kind = self.pick(["LSTM", "LSTM", "GRU", "GRU", "SimpleRNN"])
        options = {"return_sequences": sequences, "go_backwards": self.chance(0.2), **more}
        # Unrolled backwards, Keras zeroes with the mask of the wrong direction: a bug that is not reproduced.
        options["unroll"] = self.chance(0.1) and not options["go_backwards"] and not more
        if self.chance(0.15):
            options["zero_output_for_mask"] = True
        self.words.append(kind)
        if self.chance(0.2):
            cells = [getattr(layers, f"{kind}Cell")(**self.cell_options(kind)) for _ in range(1 + self.chance(0.4))]
            return layers.RNN(cells if len(cells) > 1 else cells[0], **options)
        return getattr(layers, kind)(**self.cell_options(kind), **options)

    def wrapped(self, sequences):
        if not self.chance(0.35):
            return self.recurrent(sequences)
        self.words.append("Bidirectional")
        mode = self.pick(["concat", "concat", "sum", "mul", "ave"])
        return layers.Bidirectional(self.recurrent(sequences, go_backwards=False), merge_mode=mode)

    def between(self):
        """A layer from sequence to sequence, or None."""
        make = {
            "Dropout": lambda: layers.Dropout(0.4),
            "TimeDistributed": lambda: layers.TimeDistributed(layers.Dense(self.units(), activation=self.pick(ACTIVATIONS))),
            "Dense": lambda: layers.Dense(self.units(), activation=self.pick(ACTIVATIONS)),
            "LayerNormalization": lambda: layers.LayerNormalization(epsilon=0.01),
            "BatchNormalization": lambda: layers.BatchNormalization(),
            "LeakyReLU": lambda: layers.LeakyReLU(negative_slope=0.2),
            "Conv1D": lambda: layers.Conv1D(self.units(), int(self.pick([1, 2, 3])), padding=self.pick(["same", "causal"])),
            "MaxPooling1D": lambda: layers.MaxPooling1D(2, padding="same"),
        }
        if self.chance(0.5):
            return None
        name = self.pick(list(make))
        self.words.append(name)
        return make[name]()

    def front(self, steps, open_steps):
        """Input, what comes first, and the input's values."""
        batch = int(self.pick([1, 2, 3, 5]))
        shape_steps = None if open_steps else steps
        lengths = self.random.integers(0, steps + 1, batch)
        pattern = self.pick(["none", "right", "left", "holes"])
        keep = np.arange(steps)[None, :] < lengths[:, None]
        if pattern == "left":
            keep = keep[:, ::-1]
        if pattern == "holes":
            keep = self.random.random((batch, steps)) < 0.6
        if pattern == "none":
            keep = np.ones((batch, steps), bool)
        self.words.append(f"mask-{pattern}")
        if self.chance(0.5):
            vocabulary = 11
            values = self.random.integers(1, vocabulary, (batch, steps)) * keep
            first = layers.Embedding(vocabulary, self.units(), mask_zero=self.chance(0.7))
            return layers.Input((shape_steps,), dtype="int32"), first, values.astype(np.int32)
        features = int(self.pick([1, 2, 3, 6, 9]))
        values = self.random.normal(size=(batch, steps, features)).astype(np.float32) * keep[..., None]
        first = layers.Masking(0.0) if self.chance(0.7) else None
        return layers.Input((shape_steps, features)), first, values.astype(np.float32)

    def sequential(self):
        steps = int(self.pick([1, 2, 3, 5, 8, 13]))
        # Unrolled layers want their number of steps.
        source, first, values = self.front(steps, open_steps=False)
        chain = [source] + ([first] if first else [])
        for _ in range(int(self.random.integers(0, 3))):
            chain.append(self.wrapped(True))
            extra = self.between()
            if extra is not None:
                chain.append(extra)
        chain.append(self.wrapped(self.chance(0.3)))
        if self.chance(0.6):
            chain.append(layers.Dense(self.units(), activation=self.pick(["linear", "softmax", "sigmoid", "tanh"])))
        return keras.Sequential(chain), [values]

    def encoder_decoder(self):
        kind = self.pick(["LSTM", "GRU", "SimpleRNN"])
        self.words += ["encoder-decoder", kind]
        options = self.cell_options(kind)
        source, first, values = self.front(int(self.pick([2, 4, 7])), open_steps=True)
        target, second, decoded = self.front(int(self.pick([1, 3, 6])), open_steps=True)
        batch = min(len(values), len(decoded))
        x = first(source) if first else source
        y = second(target) if second else target
        _, *states = getattr(layers, kind)(**options, return_state=True)(x)
        z, *_ = getattr(layers, kind)(**options, return_sequences=True, return_state=True)(y, initial_state=states)
        outputs = [layers.Dense(3)(z), states[0]] if self.chance(0.5) else layers.Dense(3)(z)
        return keras.Model([source, target], outputs), [values[:batch], decoded[:batch]]

    def branches(self):
        self.words.append("branches")
        source, first, values = self.front(int(self.pick([2, 5, 6])), open_steps=False)
        x = first(source) if first else source
        units = self.units()
        left = layers.LSTM(units, return_sequences=True)(x)
        right = layers.Bidirectional(layers.GRU(units, return_sequences=True), merge_mode="sum")(x)
        merge = self.pick(["Add", "Multiply", "Average", "Maximum", "Concatenate", "Subtract"])
        self.words.append(merge)
        z = getattr(layers, merge)()([left, right])
        return keras.Model(source, layers.Dense(2)(self.recurrent(False)(z))), [values]

    def build(self):
        make = self.pick([self.sequential, self.sequential, self.sequential, self.encoder_decoder, self.branches])
        model, inputs = make()
        for variable in model.weights:
            values = self.random.normal(0, 0.4, variable.shape)
            if "variance" in variable.path or "gamma" in variable.path:
                values = 0.5 + np.abs(values)
            variable.assign(values.astype(np.float32))
        return model, inputs


def tensor(value):
    value = np.asarray(value)
    data = base64.b64encode(np.ascontiguousarray(value).tobytes()).decode()
    return {"dtype": str(value.dtype), "shape": list(value.shape), "data": data}


def write(out, seed):
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    builder = Builder(seed)
    model, inputs = builder.build()
    outputs = model(inputs if len(inputs) > 1 else inputs[0], training=False)
    outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
    folder = os.path.join(out, str(seed))
    os.makedirs(folder, exist_ok=True)
    model.save(os.path.join(folder, "model.keras"))
    files = [{"file": "model.keras"}]
    # Keras 3 cannot write every model as .h5 and read it back; what it writes is read here.
    try:
        model.save(os.path.join(folder, "model.h5"))
        files.append({"file": "model.h5"})
    except Exception as error:
        print(f"seed {seed}: no .h5 ({type(error).__name__})", file=sys.stderr)
    case = {
        "id": f"random/{seed}",
        "about": " ".join(builder.words),
        "models": files,
        "calls": [{"inputs": [tensor(x) for x in inputs], "outputs": [tensor(y) for y in outputs], "reset": False}],
        "tolerance": {"abs": 2e-5, "rel": 2e-5},
    }
    with open(os.path.join(folder, "case.json"), "w", encoding="utf-8") as file:
        json.dump(case, file)


if __name__ == "__main__":
    for number in range(int(sys.argv[2]), int(sys.argv[2]) + int(sys.argv[3])):
        try:
            write(sys.argv[1], number)
        except Exception as error:
            print(f"seed {number}: Keras itself refuses ({type(error).__name__}: {str(error)[:150]})", file=sys.stderr)
