"""Loads model files with a real Keras and compares its outputs with known ones.

usage: python compare.py MANIFEST.json REPORT.json
The environment variable KERAS_MODULE names the package: keras (default) or tf_keras.
A manifest is a list of {"id", "file", "case"}; a case is a golden's case.json (shared/goldens/README.md).
"""

import base64
import importlib
import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")

import numpy as np
import tensorflow as tf

keras = importlib.import_module(os.environ.get("KERAS_MODULE", "keras"))


def tensor(entry):
    """A golden's tensor as TensorFlow takes it."""
    if entry["dtype"] == "string":
        return tf.constant(np.array(entry["data"], dtype=object).reshape(entry["shape"]))
    raw = np.frombuffer(base64.b64decode(entry["data"]), dtype=np.dtype(entry["dtype"]).newbyteorder("<"))
    return raw.reshape(entry["shape"])


def layers_of(model):
    yield model
    for layer in getattr(model, "layers", []):
        yield from layers_of(layer)
    for name in ("layer", "forward_layer", "backward_layer"):
        inner = getattr(model, name, None)
        if inner is not None and hasattr(inner, "get_config"):
            yield from layers_of(inner)


def reset(model):
    for layer in layers_of(model):
        if not getattr(layer, "stateful", False) or layer is model:
            continue
        if hasattr(layer, "reset_states"):
            layer.reset_states()
        elif hasattr(layer, "reset_state"):
            layer.reset_state()


def flat(value):
    if isinstance(value, dict):
        return [item for key in sorted(value) for item in flat(value[key])]
    if isinstance(value, (list, tuple)):
        return [item for inner in value for item in flat(inner)]
    return [np.asarray(value)]


def stacked(outputs, wanted):
    """Goldens hold an output that is a list (the states of one cell) as one array."""
    rest = list(outputs)
    found = []
    for want in wanted:
        count = want.shape[0] if rest and want.ndim == rest[0].ndim + 1 else 1
        found.append(np.stack(rest[:count]) if want.ndim == rest[0].ndim + 1 else rest[0]) if rest else None
        rest = rest[count:]
    return found + rest


def check(entry):
    """The worst error in units of the tolerance, over all calls."""
    with open(entry["case"], encoding="utf-8") as file:
        case = json.load(file)
    model = keras.models.load_model(entry["file"], compile=False)
    tolerance = case.get("tolerance", {"abs": 1e-5, "rel": 1e-5})
    worst = 0.0
    for call in case["calls"]:
        if call.get("reset"):
            reset(model)
        inputs = [tensor(item) for item in call["inputs"]]
        outputs = flat(model(inputs[0] if len(inputs) == 1 else inputs, training=False))
        wanted = [tensor(item) for item in call["outputs"]]
        outputs = stacked(outputs, wanted)
        if len(outputs) != len(wanted):
            raise ValueError(f"{len(outputs)} outputs, {len(wanted)} expected")
        for got, want in zip(outputs, wanted):
            if got.shape != want.shape:
                raise ValueError(f"an output of {got.shape}, expected {want.shape}")
            if want.size == 0:
                continue
            want = want.astype(np.float64)
            got = got.astype(np.float64)
            same = (got == want) | (np.isnan(got) & np.isnan(want))
            error = np.where(same, 0, np.abs(got - want) / (tolerance["abs"] + tolerance["rel"] * np.abs(want)))
            worst = max(worst, float(np.nanmax(error)) if not np.isnan(error).any() else float("inf"))
    return worst


def main(manifest_path, report_path):
    with open(manifest_path, encoding="utf-8") as file:
        manifest = json.load(file)
    results = []
    for number, entry in enumerate(manifest):
        result = {"id": entry["id"]}
        try:
            result["worst"] = check(entry)
            result["status"] = "equal" if result["worst"] <= 1 else "different"
        except Exception as error:  # Whatever Keras raises is the finding.
            result["status"] = "refused"
            result["error"] = f"{type(error).__name__}: {error}"[:6000]
        results.append(result)
        if number % 100 == 99:
            keras.backend.clear_session()
            print(f"{number + 1} of {len(manifest)}", file=sys.stderr, flush=True)
    with open(report_path, "w", encoding="utf-8") as file:
        json.dump({"keras": keras.__version__, "results": results}, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
