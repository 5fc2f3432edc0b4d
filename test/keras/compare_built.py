"""Goes on training, in a real Keras, the models that write-built.ts built, trained for some steps and saved.

usage: python compare_built.py FOLDER
Writes FOLDER/results.json: losses within 1e-5 and weights within 1e-4 of those of the package are equal.
"""

import glob
import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")

import keras
import numpy as np


def go_on(known, path):
    """How far losses and weights are apart after the steps that the package made, too."""
    model = keras.models.load_model(path)
    x = np.array(known["x"], dtype="float32").reshape(known["shape"])
    y = np.array(known["y"], dtype="float32").reshape(-1, 1)
    losses = []
    for _ in known["losses"]:
        losses.append(float(model.train_on_batch(x, y)))
        model.reset_metrics()
    loss = max(abs(a - b) for a, b in zip(losses, known["losses"], strict=True))
    pairs = zip(model.get_weights(), known["weights"], strict=True)
    return loss, max(float(np.abs(ours.ravel() - theirs).max()) for ours, theirs in pairs)


def check(path):
    name = os.path.splitext(os.path.basename(path))[0]
    result = {"seed": name, "stage": "train on what was built here", "status": "equal"}
    try:
        with open(path) as file:
            known = json.load(file)
        loss, weight = go_on(known, path.replace(".json", ".keras"))
        if not (loss <= 1e-5 and weight <= 1e-4):
            result |= {"status": "different", "detail": f"losses {loss:.1e}, weights {weight:.1e}"}
    except Exception as error:  # whatever Keras raises is the finding
        result |= {"status": "failed", "detail": f"{type(error).__name__}: {error}"}
    return result


folder = sys.argv[1]
results = [check(path) for path in sorted(glob.glob(os.path.join(folder, "*.json")))]
with open(os.path.join(folder, "results.json"), "w") as file:
    json.dump(results, file)
