"""Losses with their targets, metrics, optimizers and regularizers, drawn for models of any output shape."""

import numpy as np
from random_layers import Choices, keras, layers

NEW_OPTIMIZERS = hasattr(keras.optimizers, "AdamW")

# By loss: the last layer's activation and the targets it takes.
LOSSES = {
    "mse": (None, "real"),
    "mae": (None, "real"),
    "mape": (None, "positive"),
    "msle": ("softplus", "positive"),
    "huber": (None, "real"),
    "log_cosh": (None, "real"),
    "poisson": ("softplus", "positive"),
    "kl_divergence": ("softmax", "one-hot"),
    "cosine_similarity": (None, "real"),
    "hinge": (None, "signs"),
    "squared_hinge": ("tanh", "bits"),
    "categorical_hinge": (None, "one-hot"),
    "binary_crossentropy": ("sigmoid", "bits"),
    "binary_crossentropy wide": ("sigmoid", "bits"),
    "binary_crossentropy logits": (None, "bits"),
    "binary_focal_crossentropy": ("sigmoid", "bits"),
    "categorical_crossentropy": ("softmax", "one-hot"),
    "categorical_crossentropy logits": (None, "one-hot"),
    "sparse_categorical_crossentropy": ("softmax", "classes"),
    "sparse_categorical_crossentropy logits": (None, "classes"),
}
COMMON = "mse mae binary_crossentropy categorical_crossentropy sparse_categorical_crossentropy".split()
SPELLINGS = {"huber": "Huber", "log_cosh": "LogCosh", "kl_divergence": "KLDivergence"}


def serialized(thing, kind):
    """A loss or metric as a compile config holds it."""
    return thing if isinstance(thing, str) else getattr(keras, kind).serialize(thing)


class Heads(Choices):
    """What is trained for: heads of a model, and how."""

    def regularizer(self, matrix=True):
        make = [keras.regularizers.L2, keras.regularizers.L1, lambda factor: keras.regularizers.L1L2(factor, factor)]
        if matrix and hasattr(keras.regularizers, "OrthogonalRegularizer"):
            make.append(keras.regularizers.OrthogonalRegularizer)
        return self.pick(make)(0.01)

    def constraint(self):
        own = keras.constraints
        make = [lambda: own.MaxNorm(0.8), lambda: own.NonNeg(), lambda: own.UnitNorm(), lambda: own.MinMaxNorm(0.3, 0.9, 0.5)]
        return self.pick(make)()

    def extras(self, *names):
        """Regularizers and constraints of a layer's weights, now and then."""
        options = {}
        for name in names:
            if self.chance(0.06):
                options[f"{name}_regularizer"] = self.regularizer(matrix=name in ("kernel", "recurrent"))
            if self.chance(0.04):
                options[f"{name}_constraint"] = self.constraint()
        self.say(*options)
        return options

    def loss(self, shape):
        """A loss for an output of a shape without its batch: (name as compiled, width, activation, targets)."""
        label = self.pick(COMMON) if self.chance(0.5) else self.pick(list(LOSSES))
        activation, kind = LOSSES[label]
        self.say(label.replace(" ", "-"))
        name, _, variant = label.partition(" ")
        if not hasattr(keras.losses, name):
            name = {"log_cosh": "logcosh", "kl_divergence": "kld"}.get(name, name)
        if variant == "logits":
            make = {"binary_crossentropy": "BinaryCrossentropy", "categorical_crossentropy": "CategoricalCrossentropy"}
            name = getattr(keras.losses, make.get(name, "SparseCategoricalCrossentropy"))(from_logits=True)
        elif name in ("binary_crossentropy", "categorical_crossentropy") and self.chance(0.15):
            self.say("smoothing")
            make = "BinaryCrossentropy" if name[0] == "b" else "CategoricalCrossentropy"
            name = getattr(keras.losses, make)(label_smoothing=0.1)
        width = 3 if kind in ("one-hot", "classes") else 1 if label == "binary_crossentropy" else int(self.pick([1, 2, 4]))
        return name, width, activation, kind

    def targets(self, kind, shape):
        """Targets of an output's whole shape, with its batch."""
        if kind in ("one-hot", "classes"):
            classes = self.random.integers(0, shape[-1], shape[:-1])
            return classes.astype(np.int32) if kind == "classes" else np.eye(shape[-1], dtype=np.float32)[classes]
        if kind in ("bits", "signs"):
            bits = self.random.integers(0, 2, shape).astype(np.float32)
            return bits * 2 - 1 if kind == "signs" else bits
        values = self.random.normal(size=shape).astype(np.float32)
        return np.abs(values) + np.float32(0.1) if kind == "positive" else values

    def metrics(self, kind, width, rank):
        """Some metrics for targets of a kind."""
        own = keras.metrics
        make = {
            "real": ["mae", "mse", own.RootMeanSquaredError, "cosine_similarity", own.MeanAbsolutePercentageError],
            "positive": ["mape", own.MeanSquaredLogarithmicError, own.Poisson],
            "signs": [own.Hinge, own.SquaredHinge],
            "bits": [
                "accuracy", "accuracy", own.BinaryAccuracy, own.AUC, own.Precision, own.Recall, own.TruePositives,
                lambda: own.AUC(curve="PR"), lambda: own.Precision(thresholds=0.45), own.BinaryCrossentropy,
                lambda: own.AUC(multi_label=True), lambda: own.SensitivityAtSpecificity(0.5),
            ],
            "one-hot": [
                "accuracy", "accuracy", own.CategoricalAccuracy, lambda: own.TopKCategoricalAccuracy(2), own.AUC,
                lambda: own.Precision(class_id=1), lambda: own.Recall(top_k=2), own.KLDivergence,
                lambda: own.F1Score(average="macro"), lambda: own.OneHotMeanIoU(width),
            ],
            "classes": [
                "accuracy", "accuracy", own.SparseCategoricalAccuracy, lambda: own.SparseTopKCategoricalAccuracy(2),
                lambda: own.MeanIoU(width, sparse_y_pred=False), own.SparseCategoricalCrossentropy,
            ],
        }[kind]
        chosen = [self.pick(make) for _ in range(int(self.pick([1, 1, 2])))]
        made = [one if isinstance(one, str) else one() for one in chosen]
        names = [one if isinstance(one, str) else type(one).__name__ for one in made]
        if len(set(names)) < len(names):
            made, names = made[:1], names[:1]
        self.say(*names)
        return made

    def optimizer(self):
        own = keras.optimizers
        rate = self.pick([0.01, 0.03, own.schedules.ExponentialDecay(0.02, 2, 0.7)])
        # Where a gradient is all rounding, a small ε makes a step of it.
        small = {"epsilon": 1e-3}
        make = {
            "SGD": lambda **o: own.SGD(rate, momentum=self.pick([0.0, 0.9]), nesterov=self.chance(0.5), **o),
            "Adam": lambda **o: own.Adam(rate, amsgrad=self.chance(0.3), **small, **o),
            "RMSprop": lambda **o: own.RMSprop(rate, momentum=self.pick([0.0, 0.5]), centered=self.chance(0.3), **small, **o),
            "Adagrad": lambda **o: own.Adagrad(rate, **small, **o),
            "Adadelta": lambda **o: own.Adadelta(rate, **small, **o),
            "Adamax": lambda **o: own.Adamax(rate, **small, **o),
            "Nadam": lambda **o: own.Nadam(0.01, **small, **o),
        }
        more = [{}, {}, {"clipnorm": 0.5}, {"clipvalue": 0.1}]
        if NEW_OPTIMIZERS:
            make["AdamW"] = lambda **o: own.AdamW(rate, **small, **o)
            more += [{"global_clipnorm": 0.7}, {"weight_decay": 0.02}, {"use_ema": True, "ema_overwrite_frequency": 2}]
            if hasattr(own, "Lamb"):
                more += [{"gradient_accumulation_steps": 2}]
        name = self.pick(list(make))
        more = self.pick(more)
        self.say(name, *more)
        return make[name](**more)
