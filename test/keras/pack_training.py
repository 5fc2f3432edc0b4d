"""Packs cases of random_training.py and training_options.py into lines that test/keras/compiled.test.ts replays.

usage: python pack_training.py FOLDER… >> compiled-cases/KERAS.jsonl     (with the Keras that made them)
A line is a case without its file: `architecture` and `weights`, in Keras' order, stand in its place.
"""

import json
import os
import sys

from random_layers import KERAS3, keras
from random_models import tensor


def packed(folder):
    with open(os.path.join(folder, "case.json"), encoding="utf-8") as file:
        case = json.load(file)
    model = keras.models.load_model(os.path.join(folder, case["models"][0]["file"]), compile=False)
    architecture = json.loads(model.to_json())
    if KERAS3:
        architecture = {"keras_version": keras.__version__, **architecture}
    left_out = ("models", "notes", "id", "made")
    return {
        "name": case["id"],
        "architecture": architecture,
        "weights": [tensor(w) for w in model.get_weights()],
        **{key: value for key, value in case.items() if key not in left_out},
    }


if __name__ == "__main__":
    for folder in sys.argv[1:]:
        print(json.dumps(packed(folder), separators=(",", ":")))
