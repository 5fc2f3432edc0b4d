"""Loads .h5 files with Keras 1 or 2 on the backend that KERAS_BACKEND names and compares the outputs with goldens.

usage: KERAS_BACKEND=theano PYTHONPATH=<folder with keras 1.2.2> python compare_keras1.py MANIFEST.json REPORT.json
with Python 3.7, numpy 1.18, h5py 2.10 and Theano 1.0.5 or TensorFlow 1.15; the manifest is write-keras1.ts's.
"""

import base64
import json
import os
import sys
import tempfile
import warnings

flags = "device=cpu,floatX=float32,cxx=,optimizer=fast_compile,optimizer_excluding=AbstractConvCheck,base_compiledir="
os.environ.setdefault("THEANO_FLAGS", flags + os.path.join(tempfile.gettempdir(), "theano-py"))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
warnings.filterwarnings("ignore")

import numpy as np

if os.environ.get("KERAS_BACKEND") == "theano":
    # Streams of dropout are never drawn from here and slow to seed without a compiler.
    from theano.sandbox import rng_mrg

    rng_mrg.guess_n_streams = lambda size, warn=False: 6
import keras


def tensor(entry):
    raw = np.frombuffer(base64.b64decode(entry["data"]), dtype=np.dtype(entry["dtype"]).newbyteorder("<"))
    return raw.reshape(entry["shape"])


def check(entry):
    with open(entry["case"], encoding="utf-8") as file:
        case = json.load(file)
    model = keras.models.load_model(entry["file"])
    if getattr(model, "model", model) is None:
        model.build()
    # Outputs in inference mode; predict wants a compiled model in Keras 1.
    phase = [] if isinstance(keras.backend.learning_phase(), int) else [keras.backend.learning_phase()]
    function = keras.backend.function(model.inputs + phase, model.outputs, updates=model.state_updates)
    worst = 0.0
    for call in case["calls"]:
        if call.get("reset"):
            model.reset_states()
        outputs = function([tensor(item) for item in call["inputs"]] + [0] * len(phase))
        wanted = [tensor(item) for item in call["outputs"]]
        if len(outputs) != len(wanted):
            raise ValueError("%d outputs, %d expected" % (len(outputs), len(wanted)))
        for got, want in zip(outputs, wanted):
            if got.shape != want.shape:
                raise ValueError("an output of %s, expected %s" % (got.shape, want.shape))
            if want.size == 0:
                continue
            want = want.astype(np.float64)
            same = (got == want) | (np.isnan(got) & np.isnan(want))
            tolerance = case.get("tolerance", {"abs": 1e-5, "rel": 1e-5})
            error = np.where(same, 0, np.abs(got - want) / (tolerance["abs"] + tolerance["rel"] * np.abs(want)))
            worst = max(worst, float("inf") if np.isnan(error).any() else float(error.max()))
    return worst


def main(manifest_path, report_path):
    with open(manifest_path, encoding="utf-8") as file:
        manifest = json.load(file)
    results = []
    for entry in manifest:
        result = {"id": entry["id"]}
        try:
            result["worst"] = check(entry)
            result["status"] = "equal" if result["worst"] <= 1 else "different"
        except Exception as error:  # Whatever Keras raises is the finding.
            result["status"] = "refused"
            result["error"] = ("%s: %s" % (type(error).__name__, error))[:2000]
        if result["status"] != "equal":
            print(result["id"], result["status"], result.get("error", result.get("worst")), flush=True)
        results.append(result)
        if len(results) % 50 == 0 and keras.backend.backend() == "tensorflow":
            keras.backend.clear_session()
    with open(report_path, "w", encoding="utf-8") as file:
        json.dump({"keras": keras.__version__, "results": results}, file)
    equal = sum(result["status"] == "equal" for result in results)
    print("keras %s: %d of %d files load with equal outputs" % (keras.__version__, equal, len(results)))


if __name__ == "__main__":
    main(*sys.argv[1:])
