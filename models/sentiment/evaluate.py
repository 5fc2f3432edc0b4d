"""Scores every test review with Keras; writes card.json, reviews.json and the test suite's expected scores.

    python models/sentiment/evaluate.py ../shared/data/imdb --model model.keras
"""

import argparse
import csv
import json
import os
import pathlib
import platform

os.environ.setdefault("KERAS_BACKEND", "jax")

import jax
import keras
import numpy as np

import imdb
import train

HERE = pathlib.Path(__file__).parent
SCORES = HERE.parent.parent / "test" / "fixtures" / "sentiment-scores.f32"
SAMPLES = 50  # reviews shipped with the model, half of them positive


def write_json(name, value):
    (HERE / name).write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def sample_reviews(reviews, scores):
    """SAMPLES reviews spread evenly over the file, half of each label, with the float32 scores in full."""
    chosen = []
    for label in (0, 1):
        indices = [index for index, review in enumerate(reviews) if review["label"] == label]
        step = len(indices) // (SAMPLES // 2)
        chosen += indices[::step][: SAMPLES // 2]
    return [
        {"index": i, "label": reviews[i]["label"], "score": float(scores[i]), "text": reviews[i]["text"]}
        for i in sorted(chosen)
    ]


def make_card(options, model, accuracy, loss, reviews):
    with open(options.model.with_suffix(".history.csv"), encoding="utf-8") as rows:
        history = [{key: float(value) for key, value in row.items()} for row in csv.DictReader(rows)]
    training = imdb.read_reviews(options.data / "train.jsonl.gz")
    known = {review["text"] for review in training}
    repeated = sum(review["text"] in known for review in reviews)
    best = max(history, key=lambda row: row["val_accuracy"])
    return {
        "name": "sentiment",
        "task": "Is a film review in English positive? One score from 0 (negative) to 1 (positive).",
        "architecture": "Embedding(20000, 128), LSTM(128, dropout 0.2, recurrent_dropout 0.2), Dense(1, sigmoid)",
        "parameters": model.count_params(),
        "weightsBytes": 4 * model.count_params(),
        "input": f"int32 [reviews, {imdb.MAXLEN}], Keras IMDB encoding, padded and truncated in front",
        "data": {
            "name": "Large Movie Review Dataset v1.0 (Maas et al., 2011)",
            "url": "https://ai.stanford.edu/~amaas/data/sentiment/",
            "training": len(training) - train.VALIDATION,
            "validation": train.VALIDATION,
            "test": len(reviews),
        },
        "encoding": {
            "numWords": imdb.NUM_WORDS,
            "startChar": imdb.START_CHAR,
            "oovChar": imdb.OOV_CHAR,
            "indexFrom": imdb.INDEX_FROM,
            "maxlen": imdb.MAXLEN,
        },
        "tokenisation": "HTML breaks to spaces, lower case, the characters of `filters` to spaces, split at spaces",
        "filters": imdb.FILTERS,
        "commands": [
            "python models/sentiment/train.py ../shared/data/imdb --model model.keras",
            "python models/sentiment/evaluate.py ../shared/data/imdb --model model.keras",
        ],
        "versions": {
            "keras": keras.__version__,
            "backend": f"jax {jax.__version__}",
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
        "training": {
            "seed": train.SEED,
            "batchSize": train.BATCH_SIZE,
            "epochs": len(history),
            "keptEpoch": int(best["epoch"]) + 1,
            "validationAccuracy": [round(row["val_accuracy"], 4) for row in history],
        },
        "test": {
            "accuracy": accuracy,
            "correct": round(accuracy * len(reviews)),
            "reviews": len(reviews),
            "loss": round(loss, 4),
        },
        "limits": [
            "English film reviews of one site, ratings 1-4 and 7-10 only: other texts are outside what it was tested on.",
            "It sees the last 100 words; words outside the 19,996 most frequent of the training split are all one id.",
            f"{repeated} test reviews have the text of a training review; the data set is like that, none was removed.",
        ],
    }


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("data", type=pathlib.Path, help="folder with train.jsonl.gz and test.jsonl.gz")
    arguments.add_argument("--model", type=pathlib.Path, default="model.keras", help="the file that train.py wrote")
    options = arguments.parse_args()

    model = keras.models.load_model(options.model)
    vocabulary = json.loads((HERE / "vocabulary.json").read_text(encoding="utf-8"))
    reviews = imdb.read_reviews(options.data / "test.jsonl.gz")
    x = imdb.encode([review["text"] for review in reviews], vocabulary)
    y = np.array([review["label"] for review in reviews], np.float32)

    scores = model.predict(x, batch_size=train.BATCH_SIZE, verbose=0)[:, 0]
    loss, accuracy = model.evaluate(x, y, batch_size=train.BATCH_SIZE, verbose=0)
    correct = int(np.sum((scores > 0.5) == (y > 0.5)))
    assert correct == round(accuracy * len(reviews)), "evaluate() and predict() disagree"

    scores.astype("<f4").tofile(SCORES)
    write_json("reviews.json", sample_reviews(reviews, scores))
    write_json("card.json", make_card(options, model, correct / len(reviews), loss, reviews))
    print(f"{correct} of {len(reviews)} test reviews right: accuracy {correct / len(reviews):.4f}, loss {loss:.4f}")
    print(f"closest score to 0.5: off by {np.min(np.abs(scores - 0.5)):.2e}")


if __name__ == "__main__":
    main()
