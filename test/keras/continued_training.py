"""Trains small models with a real Keras of any version, saves them whole, and goes on: what the files must go on with here.

usage: python continued_training.py OUT [REGEXP]
Writes OUT/<case>/: model.h5 and, where that Keras has the format, model.keras; after.h5 and after.keras, the models that
Keras' own load_model and train_on_batch make of them; and case.json, the batches that follow and, for each file, the
losses. `unbroken` says where Keras itself, loaded, goes other ways than the model in memory does: its file lacks something.

Runs on Keras 1.0.7 to 3.15 (Theano, TensorFlow, JAX) and, without Keras, on tf.keras: KERAS=tf.keras.
"""

import base64
import json
import os
import re
import sys
import warnings
import zlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
warnings.filterwarnings("ignore")

import numpy as np

if os.environ.get("KERAS") == "tf.keras":
    import tensorflow as tf
    from tensorflow import keras

    VERSION = tf.__version__
    TF_KERAS = True
else:
    import keras

    VERSION = keras.__version__
    TF_KERAS = VERSION > "2.3.1" and VERSION[0] == "2"

RELEASE = tuple(int(part) for part in re.findall(r"\d+", VERSION)[:3])
K1 = RELEASE[0] == 1 and not TF_KERAS
KERAS3 = RELEASE[0] == 3
STANDALONE2 = RELEASE[0] == 2 and not TF_KERAS
STEPS = 4
BATCH = 5
# tf.keras 2.11 made new optimizers the default and kept the old ones in `legacy`.
HAS_LEGACY = TF_KERAS and RELEASE >= (2, 11) and RELEASE[0] == 2

if KERAS3 or TF_KERAS:
    layers, optimizers = keras.layers, keras.optimizers
    Model, Sequential, load_model = keras.Model, keras.Sequential, keras.models.load_model
else:
    import keras.layers as layers
    import keras.optimizers as optimizers
    from keras.models import Model, Sequential, load_model


# Models of a few units and steps take less time than their graphs.
if TF_KERAS and RELEASE >= (2, 3):
    tf.config.run_functions_eagerly(True)
elif KERAS3 and keras.backend.backend() == "jax":
    import jax

    jax.config.update("jax_disable_jit", True)


# ---------------------------------------------------------------- layers in each Keras' words
def rnn(kind, units, **options):
    if K1:
        spelled = {"use_bias": None, "recurrent_activation": "inner_activation", "implementation": None}
        options = {spelled.get(key, key): value for key, value in options.items() if spelled.get(key, key)}
    elif options.get("consume_less"):
        options.pop("consume_less")
    return getattr(layers, kind)(units, **options)


def sequential(*members):
    model = Sequential()
    for member in members:
        model.add(member)
    return model


def functional(x, y):
    return Model(input=x, output=y) if K1 else Model(inputs=x, outputs=y)


def conv1d(filters, width, **options):
    if K1:
        return layers.Convolution1D(filters, width, border_mode=options.pop("padding", "valid"), **options)
    return layers.Conv1D(filters, width, **options)


def embedding(words, width, **options):
    return layers.Embedding(words, width, input_length=6, **options) if not KERAS3 else layers.Embedding(words, width, **options)


def concatenate(tensors):
    if K1:
        return layers.merge(tensors, mode="concat")
    return layers.concatenate(tensors) if not KERAS3 else layers.Concatenate()(tensors)


def frozen(layer):
    layer.trainable = False
    return layer


# ---------------------------------------------------------------- models: builder, inputs, outputs
def floats(random):
    return random.normal(size=(BATCH, 6, 3)).astype("float32")


def words(random):
    ids = random.randint(1, 12, (BATCH, 6)).astype("int32")
    for row in range(BATCH):
        ids[row, 6 - row % 4 :] = 0
    return ids


def one(random):
    return random.normal(size=(BATCH, 1)).astype("float32")


def plain(kind, **options):
    return lambda: sequential(rnn(kind, 4, input_shape=(6, 3), **options), layers.Dense(1))


def text(kind):
    return lambda: sequential(embedding(12, 4, mask_zero=True), rnn(kind, 3), layers.Dense(1, activation="sigmoid"))


def bidirectional():
    inner = layers.Bidirectional(rnn("LSTM", 3, return_sequences=True), input_shape=(6, 3))
    return sequential(inner, rnn("GRU", 2), layers.Dense(1))


def distributed():
    shape = {"input_shape": (6, 3)}
    return sequential(layers.TimeDistributed(layers.Dense(4), **shape), rnn("LSTM", 3), layers.Dense(1))


def nested():
    inner = sequential(rnn("LSTM", 3, input_shape=(6, 3)), layers.Dense(2, activation="tanh"))
    x = layers.Input(shape=(6, 3))
    side = rnn("GRU", 2)(x)
    return functional(x, layers.Dense(1)(concatenate([inner(x), side])))


def partly_frozen():
    return sequential(
        rnn("GRU", 3, return_sequences=True, input_shape=(6, 3)),
        frozen(rnn("LSTM", 3, return_sequences=True)),
        rnn("SimpleRNN", 3),
        frozen(layers.Dense(2)),
        layers.Dense(1),
    )


def frozen_inside():
    inner = sequential(rnn("LSTM", 3, return_sequences=True, input_shape=(6, 3)), frozen(rnn("GRU", 2)), layers.Dense(2))
    return sequential(inner, layers.Dense(1))


def normalized():
    return sequential(
        rnn("LSTM", 3, return_sequences=True, input_shape=(6, 3)),
        layers.BatchNormalization(),
        rnn("GRU", 2),
        layers.Dense(1),
    )


def convolved():
    return sequential(conv1d(4, 2, input_shape=(6, 3)), rnn("LSTM", 3), layers.Dense(1))


def stacked():
    cells = [layers.LSTMCell(3), layers.GRUCell(2)]
    return sequential(layers.RNN(cells, input_shape=(6, 3)), layers.Dense(1))


def shared():
    x = layers.Input(shape=(6, 3))
    layer = rnn("LSTM", 3, return_sequences=True)
    first = layers.Dense(3)(x)
    return functional(x, layers.Dense(1)(rnn("GRU", 2)(layer(layer(first)))))


def many_layers():
    """More than nine layers of a class: their names do not sort by number."""
    return sequential(layers.Dense(3, input_shape=(3,)), *(layers.Dense(3, activation="tanh") for _ in range(10)), layers.Dense(1))


def highway():
    return sequential(rnn("LSTM", 3, input_shape=(6, 3)), layers.Highway(), layers.Dense(1))


def cells_named():
    x = layers.Input(shape=(6, 3))
    b = rnn("LSTM", 2, name="zeta")(x)
    a = rnn("GRU", 3, name="alpha")(x)
    return functional(x, layers.Dense(1, name="middle")(concatenate([b, a])))


MODELS = {
    "lstm": (plain("LSTM"), floats),
    "gru": (plain("GRU"), floats),
    "simple-rnn": (plain("SimpleRNN"), floats),
    "text-lstm": (text("LSTM"), words),
    "text-gru": (text("GRU"), words),
    "bidirectional": (bidirectional, floats),
    "distributed": (distributed, floats),
    "nested": (nested, floats),
    "partly-frozen": (partly_frozen, floats),
    "frozen-inside": (frozen_inside, floats),
    "normalized": (normalized, floats),
    "convolved": (convolved, floats),
    "shared": (shared, floats),
    "named": (cells_named, floats),
    "many-layers": (many_layers, lambda random: floats(random)[:, 0]),
}
if K1:
    for way in ("gpu", "mem"):
        MODELS["lstm-" + way] = (plain("LSTM", consume_less=way), floats)
        MODELS["gru-" + way] = (plain("GRU", consume_less=way), floats)
    MODELS["highway"] = (highway, floats)
    if not hasattr(layers, "Bidirectional"):
        MODELS.pop("bidirectional")
elif hasattr(layers, "LSTMCell"):
    MODELS["stacked"] = (stacked, floats)
if not K1 and (RELEASE >= (2, 1, 3) or TF_KERAS):
    MODELS["gru-reset-before"] = (plain("GRU", reset_after=False), floats)
    MODELS["gru-reset-after"] = (plain("GRU", reset_after=True), floats)
if not K1:
    MODELS["lstm-no-bias"] = (plain("LSTM", use_bias=False), floats)


# ---------------------------------------------------------------- optimizers
EPSILON = {"epsilon": 1e-3}


def options(rate, **others):
    key = "learning_rate" if KERAS3 or TF_KERAS or RELEASE >= (2, 3) else "lr"
    return dict({key: rate}, **others)


def optimizer_cases():
    cases = {
        "sgd": ("SGD", options(0.1)),
        "sgd-momentum": ("SGD", options(0.05, momentum=0.9)),
        "sgd-nesterov": ("SGD", options(0.05, momentum=0.9, nesterov=True)),
        "rmsprop": ("RMSprop", options(0.01, **EPSILON)),
        "adagrad": ("Adagrad", options(0.05)),
        "adadelta": ("Adadelta", options(0.5, **EPSILON)),
        "adam": ("Adam", options(0.02, **EPSILON)),
        "adamax": ("Adamax", options(0.02, **EPSILON)),
        "nadam": ("Nadam", options(0.02, **EPSILON)),
    }
    if not KERAS3 and (RELEASE >= (1, 0, 8) or TF_KERAS):
        for name in ("sgd-momentum", "rmsprop", "adam", "adagrad", "adadelta", "adamax"):
            kind, given = cases[name]
            if name == "sgd-momentum" or not K1 or RELEASE >= (1, 1):
                cases[name + "-decay"] = (kind, dict(given, decay=0.2))
    if RELEASE >= (2, 1, 3) or TF_KERAS:
        cases["adam-amsgrad"] = ("Adam", options(0.02, amsgrad=True, **EPSILON))
    if KERAS3 or TF_KERAS:
        cases["rmsprop-momentum"] = ("RMSprop", options(0.01, momentum=0.5, **EPSILON))
        cases["rmsprop-centered"] = ("RMSprop", options(0.01, centered=True, **EPSILON))
        cases["rmsprop-both"] = ("RMSprop", options(0.01, momentum=0.5, centered=True, **EPSILON))
    if KERAS3 or TF_KERAS and RELEASE >= (2, 1):
        cases["ftrl"] = ("Ftrl", options(0.05))
        cases["schedule"] = ("Adam", lambda: options(schedule(), **EPSILON))
        cases["schedule-sgd"] = ("SGD", lambda: options(schedule(), momentum=0.5))
    cases["clipnorm"] = ("Adam", options(0.02, clipnorm=0.1, **EPSILON))
    return cases


def schedule():
    return optimizers.schedules.ExponentialDecay(0.05, 2, 0.5)


def new_cases():
    """What only Keras 3 and the new optimizers of tf.keras have."""
    cases = {
        "ema": ("Adam", options(0.02, use_ema=True, ema_momentum=0.8, **EPSILON)),
        "ema-overwrite": ("SGD", options(0.05, momentum=0.9, use_ema=True, ema_momentum=0.8, ema_overwrite_frequency=3)),
        "adamw": ("AdamW", options(0.02, weight_decay=0.1, **EPSILON)),
        "adam-weight-decay": ("Adam", options(0.02, weight_decay=0.1, amsgrad=True, **EPSILON)),
        "lion": ("Lion", options(0.01)),
        "adafactor": ("Adafactor", options(0.05)),
        "lamb": ("Lamb", options(0.02)),
        "muon": ("Muon", options(0.02, **EPSILON)),
        "schedule-free": ("ScheduleFreeAdamW", options(0.02, **EPSILON)),
    }
    if KERAS3:
        cases["accumulated"] = ("Adam", options(0.02, gradient_accumulation_steps=3, **EPSILON))
        cases["accumulated-ema"] = ("SGD", options(0.05, momentum=0.9, gradient_accumulation_steps=2, use_ema=True))
        cases["loss-scale-factor"] = ("Adam", options(0.02, loss_scale_factor=8.0, **EPSILON))
        cases["loss-scale"] = ("LossScaleOptimizer", None)
    return {name: case for name, case in cases.items() if hasattr(optimizers, case[0])}


def all_cases():
    """Every optimizer on one model, and Adam on every model; a name is model.optimizer."""
    every = {}
    homes = {"": optimizers}
    if HAS_LEGACY:
        homes["legacy-"] = optimizers.legacy
    for prefix, home in homes.items():
        cases = optimizer_cases()
        if home is optimizers and (KERAS3 or HAS_LEGACY):
            cases = {name: case for name, case in cases.items() if not name.endswith("-decay")}
            cases.update(new_cases())
        for name, (kind, given) in cases.items():
            every["text-lstm." + prefix + name] = ("text-lstm", home, kind, given)
        for model in MODELS:
            for name in ("adam", "sgd-momentum", "adam-amsgrad") if model in ("nested", "normalized") else ("adam",):
                if name in cases:
                    every[model + "." + prefix + name] = (model, home, *cases[name])
        every["bidirectional." + prefix + "rmsprop"] = ("bidirectional", home, *cases["rmsprop"])
        every["partly-frozen." + prefix + "nadam"] = ("partly-frozen", home, *cases["nadam"])
    return {name: case for name, case in every.items() if case[0] in MODELS}


def make_optimizer(home, kind, given):
    if kind == "LossScaleOptimizer":
        return optimizers.LossScaleOptimizer(optimizers.Adam(**options(0.02, **EPSILON)), initial_scale=16.0)
    return getattr(home, kind)(**(given() if callable(given) else given))


# ---------------------------------------------------------------- training
def tensor(array):
    kind = "int32" if array.dtype.kind in "iu" else "float32"
    data = np.ascontiguousarray(array, dtype="<i4" if kind == "int32" else "<f4")
    return {"dtype": kind, "shape": list(data.shape), "data": base64.b64encode(data.tobytes()).decode()}


def names_of(model):
    """The weights' names, in Keras' order."""
    weights = [weight for layer in model.layers for weight in layer.weights] if K1 or STANDALONE2 else model.weights
    return [str(getattr(weight, "path", None) or weight.name) for weight in weights]


def step(model, batch):
    if KERAS3:
        model.reset_metrics()
    return float(np.ravel(model.train_on_batch(*batch))[0])


def randomised(random, model):
    model.set_weights([
        (np.abs(random.normal(1, 0.1, w.shape)) if "variance" in name or "running_std" in name else random.normal(0, 0.5, w.shape))
        for name, w in zip(names_of(model), model.get_weights())
    ])


def fresh_names():
    if K1 or STANDALONE2 and RELEASE < (2, 4):
        from keras import backend

        if hasattr(backend, "reset_uids"):
            backend.reset_uids()
        if backend.backend() == "tensorflow":
            backend.clear_session()
    else:
        keras.backend.clear_session()


def go_on(model, batches):
    return [step(model, batch) for batch in batches]


def write(folder, name, case):
    model_name, home, kind, given = case
    make, data = MODELS[model_name]
    random = np.random.RandomState(zlib.crc32(name.encode()) & 0x7FFFFFFF)
    fresh_names()
    model = make()
    randomised(random, model)
    model.compile(loss="mean_squared_error", optimizer=make_optimizer(home, kind, given))
    batch = lambda: (data(random), one(random))
    for _ in range(STEPS):
        step(model, batch())
    os.makedirs(folder, exist_ok=True)
    batches = [batch() for _ in range(STEPS)]
    # Keras 3 takes the optimizer out of a model's compile config when it writes an .h5.
    endings = (["keras"] if KERAS3 or TF_KERAS and RELEASE >= (2, 12) else []) + ["h5"]
    for ending in list(endings):
        try:
            model.save(os.path.join(folder, "model." + ending))
        except ValueError as error:  # Keras 3 gives several variables of an .h5 one name
            print(name, ending, "cannot be saved there:", error)
            endings.remove(ending)
    unbroken = go_on(model, batches)
    backend = keras.backend.backend() if hasattr(keras.backend, "backend") else "tensorflow"
    result = {
        "about": name,
        "keras": VERSION,
        "package": "tf.keras" if TF_KERAS else "keras",
        "backend": backend,
        "batches": [{"x": tensor(x), "y": tensor(y)} for x, y in batches],
        "files": {},
    }
    for ending in endings:
        path = os.path.join(folder, "{}." + ending)
        try:
            fresh_names()
            loaded = load_model(path.format("model"))
            after = {"losses": go_on(loaded, batches)}
            if max(abs(a - b) for a, b in zip(after["losses"], unbroken)) > 1e-6:
                after["unbroken"] = unbroken
            loaded.save(path.format("after"))
        except Exception as error:  # this Keras does not read its own file
            after = {"losses": unbroken, "refused": "{}: {}".format(type(error).__name__, error)}
            model.save(path.format("after"))
        result["files"][ending] = after
        print(name, ending, after.get("refused", "goes other ways when loaded" if "unbroken" in after else "")[:200])
        sys.stdout.flush()
    with open(os.path.join(folder, "case.json"), "w") as file:
        json.dump(result, file)


if __name__ == "__main__":
    import traceback

    for name, case in sorted(all_cases().items()):
        if len(sys.argv) > 2 and not re.search(sys.argv[2], name):
            continue
        try:
            write(os.path.join(sys.argv[1], name), name, case)
        except Exception as error:
            print(name, "FAILED", error)
            if os.environ.get("VERBOSE"):
                traceback.print_exc()
