"""Trains the sentiment model with Keras and writes model.keras and vocabulary.json.

    pip install keras==3.15.1 jax==0.10.2
    python models/sentiment/train.py ../shared/data/imdb --model model.keras
    python models/sentiment/evaluate.py ../shared/data/imdb --model model.keras
"""

import argparse
import json
import os
import pathlib

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import numpy as np

import imdb

SEED = 113
BATCH_SIZE = 32
EPOCHS = 5
VALIDATION = 2496  # reviews of the training split that choose the epoch; the model never trains on them


def build_model():
    model = keras.Sequential(
        [
            keras.Input((imdb.MAXLEN,), dtype="int32"),
            keras.layers.Embedding(imdb.NUM_WORDS, 128),
            keras.layers.LSTM(128, dropout=0.2, recurrent_dropout=0.2),
            keras.layers.Dense(1, activation="sigmoid"),
        ],
        name="sentiment",
    )
    model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("data", type=pathlib.Path, help="folder with train.jsonl.gz")
    arguments.add_argument("--model", type=pathlib.Path, default="model.keras", help="the file to write")
    options = arguments.parse_args()

    keras.utils.set_random_seed(SEED)
    reviews = imdb.read_reviews(options.data / "train.jsonl.gz")
    texts = [review["text"] for review in reviews]
    vocabulary = imdb.build_vocabulary(texts)
    target = pathlib.Path(__file__).parent / "vocabulary.json"
    target.write_text(json.dumps(vocabulary, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")

    x = imdb.encode(texts, vocabulary)
    y = np.array([review["label"] for review in reviews], np.float32)
    order = np.random.default_rng(SEED).permutation(len(x))
    train, validation = order[VALIDATION:], order[:VALIDATION]

    best = keras.callbacks.ModelCheckpoint(str(options.model), monitor="val_accuracy", save_best_only=True, verbose=2)
    history = keras.callbacks.CSVLogger(str(options.model.with_suffix(".history.csv")))
    build_model().fit(
        x[train],
        y[train],
        batch_size=BATCH_SIZE,
        epochs=EPOCHS,
        validation_data=(x[validation], y[validation]),
        callbacks=[best, history],
        verbose=2,
    )


if __name__ == "__main__":
    main()
