"""Turns a workload into a .tflite model for LiteRT.js, with the same weights.

    python tflite.py FOLDER OUTPUT

FOLDER holds workload.json and arrays.bin (bench/models/files.ts). Needs TensorFlow 2.15 with its own Keras
(`pip install tensorflow-cpu==2.15.1`, Python 3.9 to 3.11). A recurrent layer is RNN(cell), a WHILE loop in the file:
LiteRT.js refuses the fused sequence operations ("Variable tensors not yet supported"). The batch is fixed, so that every
shape is known when XNNPACK takes the matrix products.
"""

import json
import os
import sys

import numpy

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import tensorflow as tf  # noqa: E402

CELLS = {
    "LSTM": tf.keras.layers.LSTMCell,
    "GRU": tf.keras.layers.GRUCell,
    "SimpleRNN": tf.keras.layers.SimpleRNNCell,
}


def layer_of(spec):
    """The Keras layer of a workload's layer."""
    kind, units = spec["type"], spec["units"]
    if kind == "Embedding":
        return tf.keras.layers.Embedding(spec["inputs"], units)
    if kind == "Dense":
        return tf.keras.layers.Dense(units, activation="sigmoid")
    layer = tf.keras.layers.RNN(CELLS[kind](units), return_sequences=spec["returnSequences"])
    return tf.keras.layers.Bidirectional(layer) if spec["bidirectional"] else layer


def main(folder, output):
    with open(os.path.join(folder, "workload.json"), encoding="utf-8") as file:
        workload = json.load(file)
    arrays = numpy.fromfile(os.path.join(folder, "arrays.bin"), dtype=numpy.float32)
    has_tokens = workload["features"] == 0
    shape = (workload["timesteps"],) if has_tokens else (workload["timesteps"], workload["features"])
    x = tf.keras.Input(shape, batch_size=workload["batch"], dtype="int32" if has_tokens else "float32")
    layers = [layer_of(spec) for spec in workload["layers"]]
    y = x
    for layer in layers:
        y = layer(y)
    for layer, spec in zip(layers, workload["layers"]):
        weights = []
        for weight in spec["weights"]:
            at = weight["data"]["at"] // 4
            weights.append(arrays[at : at + weight["data"]["length"]].reshape(weight["shape"]))
        layer.set_weights(weights)
    converter = tf.lite.TFLiteConverter.from_keras_model(tf.keras.Model(x, y))
    with open(output, "wb") as file:
        file.write(converter.convert())


if __name__ == "__main__":
    main(*sys.argv[1:])
