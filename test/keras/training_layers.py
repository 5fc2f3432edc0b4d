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
import trained_graphs
import trained_layers
import trained_recurrent
from random_layers import keras
from random_models import tensor
from trained_cases import CASES, in_order

BATCH, STEPS = 2, 2
GROUPS = [*trained_layers.GROUPS, *trained_recurrent.GROUPS, *trained_graphs.GROUPS]
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
        keras.Input(batch_shape=(BATCH, *shape), dtype=dtype) if fixed else keras.Input(shape, dtype=dtype)
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
        shared = {
            "batches": [{"x": [tensor(x) for x in xs], "y": [tensor(y) for y in ys]} for xs, ys in batches],
            "losses": losses,
            "weightsAfter": [{**tensor(w), "name": v.path} for w, v in in_order(model.get_weights(), model.weights)],
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
