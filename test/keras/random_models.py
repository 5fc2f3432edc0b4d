"""Builds random recurrent models with a real Keras, and what they compute.

usage: python random_models.py OUT FIRST_SEED COUNT
Writes OUT/<seed>/{model.keras, model.h5, case.json}; a case has the form of a golden's. The same seed and Keras give the
same model. A draw that Keras itself refuses is drawn again, from the same seed, and noted in the case.
"""

import base64
import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")

import numpy as np
import tensorflow as tf
from compare import flat, reset
from random_layers import ACTIVATIONS, KERAS3, KINDS, MERGES, RECURRENT, RandomLayers, keras, layers

DRAWS = 8
# Beyond this a model feeds its own rounding errors; it is drawn again.
LARGEST = 50.0


class Builder(RandomLayers):
    """One random model: `build` gives it with the inputs of its calls."""

    def chain(self, x, steps, masked, length):
        """Layers from sequence to sequence."""
        for _ in range(length):
            if self.chance(0.6):
                x = self.wrapped(True, masked, steps)(x)
            elif len(x.shape) == 3:
                x = self.between(steps, x.shape[-1])(x)
            steps = x.shape[1]
        return x

    def close(self, x, masked):
        """From a sequence to an output."""
        choice = self.pick(["last", "last", "last", "sequence", "GlobalMaxPooling1D", "GlobalAveragePooling1D", "Flatten"])
        if choice == "Flatten" and None in tuple(x.shape)[1:]:
            choice = "last"
        if choice in ("last", "sequence"):
            x = self.wrapped(choice == "sequence", masked, x.shape[1])(x)
        else:
            self.say(choice)
            x = getattr(layers, choice)()(x)
        if self.chance(0.3) and choice != "sequence":
            x = layers.RepeatVector(3)(x) if self.chance(0.3) else layers.BatchNormalization()(x)
        if self.chance(0.6):
            x = layers.Dense(self.units(), activation=self.pick(["linear", "softmax", "sigmoid", "tanh"]))(x)
        return x

    def plain(self):
        steps = int(self.pick([1, 2, 3, 5, 8, 13]))
        source, x, values, masked = self.front(steps, open_steps=self.chance(0.2))
        x = self.close(self.chain(x, x.shape[1], masked, int(self.random.integers(0, 4))), masked)
        return keras.Model(source, x), [[values]]

    def sequential(self):
        model, calls = self.plain()
        self.say("sequential")
        return keras.Sequential(model.layers), calls

    def stateful(self):
        """Three calls, the last one after a reset."""
        self.say("stateful")
        batch, steps = int(self.pick([1, 2, 4])), int(self.pick([1, 3, 5]))
        source, x, values, masked = self.front(steps, batch=batch, fixed=True)
        for _ in range(int(self.random.integers(0, 2))):
            x = self.recurrent(True, masked, stateful=True)(x)
        # A Bidirectional of 3.15 forgets to reset a backward layer of its own; both directions run here.
        make = self.bidirectional if self.chance(0.3) else self.recurrent
        x = make(self.chance(0.6), masked, stateful=True)(x)
        model = keras.Model(source, layers.Dense(3)(x))
        again = np.roll(values, 1, axis=1)
        return model, [[values], [again], [values]]

    def encoder_decoder(self):
        kind = self.pick(["LSTM", "GRU", "SimpleRNN"])
        self.say("encoder-decoder", kind)
        options = self.cell_options(kind)
        batch = int(self.pick([1, 2, 4]))
        source, x, values, _ = self.front(int(self.pick([2, 4, 7])), open_steps=True, batch=batch)
        target, y, decoded, _ = self.front(int(self.pick([1, 3, 6])), open_steps=True, batch=batch)
        make = getattr(layers, kind)
        way = self.pick(["plain", "bidirectional-encoder", "bidirectional-both", "cells"])
        self.say(way)
        if way == "plain":
            _, *states = make(**options, return_state=True)(x)
            z, *more = make(**options, return_sequences=True, return_state=True)(y, initial_state=states)
        elif way == "cells":
            cells = lambda: [getattr(layers, f"{kind}Cell")(**options) for _ in range(2)]
            _, *states = layers.RNN(cells(), return_state=True)(x)
            z, *more = layers.RNN(cells(), return_sequences=True, return_state=True)(y, initial_state=list(states))
            more = [state for state in tf.nest.flatten(more)]
        else:
            pair = lambda sequences: layers.Bidirectional(make(**options, return_state=True, return_sequences=sequences))
            _, *states = pair(False)(x)
            if way == "bidirectional-both":
                z, *more = pair(True)(y, initial_state=states)
            else:
                half = len(states) // 2
                states = [layers.Concatenate()([states[i], states[i + half]]) for i in range(half)]
                options["units"] *= 2
                z, *more = make(**options, return_sequences=True, return_state=True)(y, initial_state=states)
        outputs = [layers.Dense(3)(z), *more] if self.chance(0.5) else layers.Dense(3)(z)
        return keras.Model([source, target], outputs), [[values, decoded]]

    def states(self):
        """States from inputs and Dense layers; states out."""
        kind = self.pick(["LSTM", "GRU", "SimpleRNN"])
        units = self.units()
        source, x, values, masked = self.front(int(self.pick([1, 3, 5])))
        count = 2 if kind == "LSTM" else 1
        start = [layers.Input((units,)) for _ in range(count)]
        given = [self.random.normal(size=(len(values), units)).astype(np.float32) for _ in start]
        states = [layers.Dense(units, activation="tanh")(s) for s in start] if self.chance(0.4) else list(start)
        self.say("initial-state", "return-state")
        layer = self.recurrent(True, masked, kind=kind, units=units, return_state=True)
        if isinstance(layer, layers.RNN) and isinstance(getattr(layer, "cell", None), layers.StackedRNNCells):
            states = list(states) * len(layer.cell.cells)
        z, *after = layer(x, initial_state=states)
        z = self.recurrent(False, masked)(z)
        return keras.Model([source, *start], [z, *tf.nest.flatten(after)]), [[values, *given]]

    def branches(self):
        source, x, values, masked = self.front(int(self.pick([2, 5, 6])))
        units = self.units()
        inputs, calls = [source], [values]
        other = x
        if self.chance(0.5):
            second, other, more, _ = self.front(x.shape[1], batch=len(values))
            inputs.append(second)
            calls.append(more)
        left = self.recurrent(True, masked, units=units)(x)
        right = self.bidirectional(True, masked, units=units, modes=["sum", "ave", "mul"])(other)
        merge = self.pick([*MERGES, "Dot", "Concatenate-time"])
        self.say("branches", merge)
        if merge == "Dot":
            z = layers.Dot(axes=2)([left, right])
        elif merge == "Concatenate-time":
            z = layers.Concatenate(axis=1)([left, right])
        else:
            z = getattr(layers, merge)()([left, right])
        return keras.Model(inputs, layers.Dense(2)(self.recurrent(False, masked)(z))), [calls]

    def no_merge(self):
        """Both directions as two outputs."""
        source, x, values, masked = self.front(int(self.pick([1, 4, 6])))
        layer = self.bidirectional(True, masked, kind=self.pick(["LSTM", "GRU"]))
        layer.merge_mode = None
        both = layers.Bidirectional(self.recurrent(True, masked, go_backwards=False), merge_mode=None)(x)
        self.say("bidirectional-None")
        return keras.Model(source, [layers.Dense(2)(both[0]), self.recurrent(False, masked)(both[1])]), [[values]]

    def shared(self):
        """One layer, or one model, on two inputs."""
        batch = int(self.pick([1, 3]))
        steps = int(self.pick([2, 5]))
        features = int(self.pick([2, 4]))
        sources = [layers.Input((steps, features)) for _ in range(2)]
        keep = [self.keep(batch, steps)[..., None] for _ in sources]
        values = [(self.random.normal(size=(batch, steps, features)) * k).astype(np.float32) for k in keep]
        masking = layers.Masking()
        x = [masking(source) for source in sources] if self.chance(0.6) else sources
        layer = self.inner_model(steps, features) if self.chance(0.5) else self.wrapped(False, True, steps)
        self.say("shared")
        z = layers.Concatenate()([layer(item) for item in x])
        return keras.Model(sources, layers.Dense(2, activation="softmax")(z)), [values]

    def inner_model(self, steps, features):
        if self.chance(0.5):
            self.say("inner-sequential")
            chain = [layers.Input((steps, features)), self.wrapped(True, True, steps), self.wrapped(False, True, steps)]
            return keras.Sequential(chain)
        self.say("inner-functional")
        inner = layers.Input((steps, features))
        x = layers.Masking()(inner) if self.chance(0.4) else inner
        a, b = self.wrapped(False, True, steps)(x), self.recurrent(False, True)(x)
        return keras.Model(inner, layers.Concatenate()([a, b]))

    def nested(self):
        steps, features = int(self.pick([2, 4])), int(self.pick([1, 3]))
        values = self.random.normal(size=(2, steps, features)).astype(np.float32)
        source = layers.Input((steps, features))
        inner = self.inner_model(steps, features)
        self.say("nested")
        if self.chance(0.5):
            return keras.Sequential([source, inner, layers.Dense(2)]), [[values]]
        return keras.Model(source, layers.Dense(2)(layers.Dropout(self.rate(0.1))(inner(source)))), [[values]]

    def hierarchy(self):
        """Recurrent layers inside TimeDistributed."""
        self.say("TimeDistributed")
        shape = (int(self.pick([2, 3])), int(self.pick([3, 4])), int(self.pick([1, 3])))
        values = self.random.normal(size=(2, *shape)).astype(np.float32)
        inner = self.wrapped(self.chance(0.4), False, shape[1]) if self.chance(0.6) else self.inner_model(*shape[1:])
        source = layers.Input(shape)
        x = layers.TimeDistributed(inner)(source)
        if len(x.shape) == 4:
            x = layers.TimeDistributed(layers.GlobalMaxPooling1D())(x)
        return keras.Model(source, self.recurrent(False, False)(x)), [[values]]

    def conv_lstm(self):
        rank = int(self.pick([1, 1, 2]))
        self.say(f"conv-lstm{rank}d")
        steps, channels = int(self.pick([1, 3])), int(self.pick([1, 2]))
        spatial = tuple(int(self.pick([4, 5, 6])) for _ in range(rank))
        values = self.random.normal(size=(2, steps, *spatial, channels)).astype(np.float32)
        options = {
            "filters": int(self.pick([1, 2, 3])),
            "kernel_size": int(self.pick([1, 2, 3])),
            "padding": self.pick(["same", "valid"]),
            "use_bias": self.chance(0.8),
            "go_backwards": self.chance(0.3),
            "activation": self.pick(ACTIVATIONS),
            "recurrent_activation": self.pick(RECURRENT),
            **self.pick([{}, {"strides": 2}, {"dilation_rate": 2}]),
        }
        make = getattr(layers, f"ConvLSTM{rank}D")
        source = layers.Input((steps, *spatial, channels))
        if self.chance(0.3):
            _, *states = make(**options, return_state=True)(source)
            x = make(**options, return_sequences=self.chance(0.5))(source, initial_state=states)
        else:
            x = make(**options, return_sequences=self.chance(0.5), return_state=False)(source)
        x = layers.BatchNormalization()(x) if self.chance(0.4) else x
        return keras.Model(source, layers.Dense(2)(layers.Flatten()(x))), [[values]]

    def attention(self):
        source, x, values, masked = self.front(int(self.pick([2, 4, 6])))
        x = self.recurrent(True, masked, units=4)(x)
        query = self.recurrent(True, masked, units=4)(x) if self.chance(0.5) else x
        name = self.pick(["Attention", "AdditiveAttention", "MultiHeadAttention"])
        self.say(name)
        if name == "MultiHeadAttention":
            options = {"value_dim": 3} if self.chance(0.4) else {}
            y = layers.MultiHeadAttention(2, 3, use_bias=self.chance(0.7), **options)(query, x)
        elif name == "Attention":
            y = layers.Attention(use_scale=self.chance(0.5), score_mode=self.pick(["dot", "concat"]))([query, x])
        else:
            y = layers.AdditiveAttention(use_scale=self.chance(0.5))([query, x])
        y = layers.Concatenate()([query, y]) if self.chance(0.6) else y
        return keras.Model(source, self.close(y, masked)), [[values]]

    def explicit_mask(self):
        """A mask that is an input."""
        self.say("explicit-mask")
        batch, steps, features = 3, int(self.pick([2, 5])), 3
        source, mask = layers.Input((steps, features)), layers.Input((steps,), dtype="bool")
        values = self.random.normal(size=(batch, steps, features)).astype(np.float32)
        x = self.wrapped(True, True, steps)(source, mask=mask)
        x = self.recurrent(False, True)(x, mask=mask)
        return keras.Model([source, mask], x), [[values, self.keep(batch, steps)]]

    def operations(self):
        """Operation nodes between layers: keras.ops, or TensorFlow functions."""
        self.say("operations")
        source, x, values, masked = self.front(int(self.pick([3, 5])))
        x = self.recurrent(True, masked, units=4)(x)
        y = self.recurrent(True, masked, units=4)(x)
        ops = keras.ops if KERAS3 else tf
        mean, most, stack = (ops.mean, ops.max, ops.concatenate) if KERAS3 else (ops.reduce_mean, ops.reduce_max, ops.concat)
        choices = {
            "arithmetic": lambda: x * 2.0 + y - 1.0,
            "products": lambda: x * y / 3.0,
            "last": lambda: layers.RepeatVector(2)(x[:, -1]),
            "slice": lambda: x[:, 1:, ::2],
            "flip": lambda: x[:, ::-1],
            "mean": lambda: layers.RepeatVector(2)(mean(x, axis=1)),
            "max": lambda: layers.RepeatVector(2)(most(x, axis=1)),
            "concatenate": lambda: stack([x, y], -1),
            "activations": lambda: ops.tanh(x) + ops.abs(y) + ops.square(x),
            "transpose": lambda: ops.transpose(x, (0, 2, 1)),
            "reshape": lambda: ops.reshape(x, (-1, 4, x.shape[1])),
            "matmul": lambda: ops.matmul(x, ops.transpose(y, (0, 2, 1))),
            "expand": lambda: ops.squeeze(ops.expand_dims(x, 1), 1) - y,
            "exponents": lambda: ops.exp(-ops.abs(x)) + ops.sqrt(ops.abs(y) + 0.1),
            "bounds": lambda: ops.maximum(x, y) + ops.minimum(x, 0.1),
        }
        name = self.pick(list(choices))
        self.say(name)
        return keras.Model(source, self.recurrent(False, False)(choices[name]())), [[values]]

    def time_major(self):
        """Steps before batch: an option of tf.keras alone."""
        if KERAS3:
            return self.plain()
        self.say("time-major")
        steps, batch, features = int(self.pick([1, 4])), int(self.pick([1, 3])), 3
        source = layers.Input(batch_shape=(steps, batch, features))
        values = self.random.normal(size=(steps, batch, features)).astype(np.float32)
        make = self.bidirectional if self.chance(0.4) else self.recurrent
        x = make(True, False, time_major=True)(source)
        return keras.Model(source, make(self.chance(0.5), False, time_major=True)(x)), [[values]]

    # What `build` chooses from; what is named twice comes twice as often.
    ways = (
        "plain plain plain sequential sequential stateful encoder_decoder encoder_decoder states branches branches "
        "no_merge shared nested hierarchy conv_lstm attention explicit_mask operations time_major"
    )

    def build(self):
        name = self.pick(self.ways.split())
        self.say(name.replace("_", "-"))
        model, calls = getattr(self, name)()
        self.draw_weights(model)
        return model, calls

    def draw_weights(self, model):
        for variable in model.weights:
            path = getattr(variable, "path", variable.name)
            if "seed" in path or "state" in path or not np.issubdtype(np.asarray(variable).dtype, np.floating):
                continue
            # Small enough that rounding does not grow from step to step.
            shape = tuple(variable.shape)
            fan_in = int(np.prod(shape[:-1])) if shape else 1
            values = self.random.normal(0, min(0.4, 1.2 / np.sqrt(max(fan_in, 1))), shape)
            if "variance" in path or "gamma" in path:
                values = 0.5 + np.abs(values)
            variable.assign(values.astype(np.float32))


def tensor(value):
    value = np.asarray(value)
    data = base64.b64encode(np.ascontiguousarray(value).tobytes()).decode()
    return {"dtype": str(value.dtype), "shape": list(value.shape), "data": data}


def run(model, calls):
    """What a model computes, call by call; before the third call the states are reset."""
    made = []
    for number, inputs in enumerate(calls):
        again = number == 2
        if again:
            reset(model)
        outputs = flat(model([tf.constant(x) for x in inputs] if len(inputs) > 1 else tf.constant(inputs[0]), training=False))
        made.append({"inputs": [tensor(x) for x in inputs], "outputs": [tensor(y) for y in outputs], "reset": again})
    return made


def largest(calls):
    values = [np.frombuffer(base64.b64decode(y["data"]), y["dtype"]) for call in calls for y in call["outputs"]]
    return max(float(np.nanmax(np.abs(y), initial=0)) for y in values)


def write(out, seed):
    notes = []
    for draw in range(DRAWS):
        keras.backend.clear_session()
        keras.utils.set_random_seed(seed)
        builder = Builder([seed, draw])
        try:
            model, calls = builder.build()
            folder = os.path.join(out, str(seed))
            os.makedirs(folder, exist_ok=True)
            model.save(os.path.join(folder, "model.keras"))
            made = run(model, calls)
            size = largest(made)
            if size > LARGEST:
                raise ValueError(f"outputs up to {size:.2g}")
            break
        except Exception as error:
            notes.append(f"{' '.join(builder.words)}: {type(error).__name__}: {str(error)[:300]}")
    else:
        raise RuntimeError("; ".join(notes))
    files = [{"file": "model.keras"}]
    # Keras 3 cannot write every model as .h5.
    try:
        model.save(os.path.join(folder, "model.h5"))
        files.append({"file": "model.h5"})
    except Exception as error:
        notes.append(f"no .h5: {type(error).__name__}: {str(error)[:300]}")
    case = {
        "id": f"random/{seed}",
        "made": f"{keras.__name__} {keras.__version__}",
        "about": " ".join(builder.words),
        "notes": notes,
        "models": files,
        "calls": made,
        "tolerance": {"abs": 2e-5 * max(1.0, size), "rel": 2e-5},
    }
    with open(os.path.join(folder, "case.json"), "w", encoding="utf-8") as file:
        json.dump(case, file)


if __name__ == "__main__":
    for number in range(int(sys.argv[2]), int(sys.argv[2]) + int(sys.argv[3])):
        try:
            write(sys.argv[1], number)
        except Exception as error:
            print(f"seed {number}: {DRAWS} draws refused: {error}", file=sys.stderr)
