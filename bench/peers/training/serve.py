"""The process of a training peer in Python: serve.py torch|keras FOLDER OPTIONS-AS-JSON. The protocol is serve.mjs's."""

import importlib
import json
import os
import resource
import sys
import time

import numpy as np

name, folder, options = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])


def read_data():
    with open(os.path.join(folder, "training.json"), encoding="utf8") as file:
        about = json.load(file)
    data = np.fromfile(os.path.join(folder, "training.bin"), dtype=np.uint8)

    def part(place, dtype):
        return data[place["at"] : place["at"] + 4 * place["length"]].view(dtype)

    about["x"] = part(about["x"], np.int32).reshape(about["samples"], about["timesteps"])
    about["y"] = part(about["y"], np.float32).reshape(about["samples"], 1)
    about["weights"] = [part(w, np.float32).reshape(w["shape"]) for w in about["weights"]]
    return about


data = read_data()
peer = None


def answer(message):
    global peer
    kind = message["kind"]
    if kind == "load":
        peer = importlib.import_module(f"{name}_peer").create(data, options)
        return {"version": peer.version}
    if kind == "losses":
        size = data["batch"]
        rows = [slice(step * size, (step + 1) * size) for step in range(message["steps"])]
        return [peer.loss(data["x"][at], data["y"][at]) for at in rows]
    if kind == "epoch":
        start = time.perf_counter()
        peer.epoch(message["samples"])
        return {"ms": 1000 * (time.perf_counter() - start)}
    return {"peakMb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


for line in sys.stdin:
    try:
        result = {"value": answer(json.loads(line))}
    except Exception as error:  # the parent shows it in the peer's row
        result = {"error": f"{type(error).__name__}: {error}".split("\n", maxsplit=1)[0]}
    print("@" + json.dumps(result), flush=True)
