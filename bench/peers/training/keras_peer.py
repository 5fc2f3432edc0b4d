"""Keras on TensorFlow: the post's model with `fit`."""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
import keras  # noqa: E402 (the backend is chosen before)
import tensorflow as tf  # noqa: E402


class Peer:
    def __init__(self, data, options):
        tf.config.threading.set_intra_op_parallelism_threads(options.get("threads", 1))
        tf.config.threading.set_inter_op_parallelism_threads(options.get("threads", 1))
        self.data = data
        weights, rate = data["weights"], options.get("dropout", 0)
        self.model = keras.Sequential(
            [
                keras.Input([data["timesteps"]], dtype="int32"),
                keras.layers.Embedding(*weights[0].shape),
                keras.layers.LSTM(weights[2].shape[0], dropout=rate, recurrent_dropout=rate),
                keras.layers.Dense(1, activation="sigmoid"),
            ]
        )
        self.model.set_weights(weights)
        self.model.compile(loss="binary_crossentropy", optimizer="adam")
        self.version = f"{keras.__version__} on TensorFlow {tf.__version__}"

    def loss(self, x, y):
        self.model.reset_metrics()
        return float(self.model.train_on_batch(x, y))

    def epoch(self, samples):
        x, y = self.data["x"][:samples], self.data["y"][:samples]
        self.model.fit(x, y, batch_size=self.data["batch"], epochs=1, shuffle=False, verbose=0)


def create(data, options):
    return Peer(data, options)
