"""Builds random small models with a real Keras, trains them for some steps or by `fit`, and writes what came out.

usage: python random_training.py OUT FIRST_SEED COUNT
Writes OUT/<seed>/{model.keras or model.h5, case.json}; a case has the form of a golden of kind "train" or "fit"
(shared/goldens/README.md). The same seed and Keras give the same case. A draw that Keras refuses, that diverges, or whose
weights depend on the last bit of the first ones is drawn again, from the same seed, and noted in the case.
"""

import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")

import random_models
import tensorflow as tf
from compare import layers_of, reset
from random_layers import ACTIVATIONS, KERAS3, keras, layers, np
from random_models import tensor
from trained_cases import in_order
from training_heads import Heads, serialized

DRAWS = 12
STEPS = 4
LOSS_TOLERANCE = 1e-5
WEIGHTS_TOLERANCE = 1e-4
# Tried in turn; a model that one form cannot hold may go into the next.
FORMS = ["model.keras", "model.h5"] if KERAS3 else ["model.h5"]

# Random.
LEFT_OUT = ["GaussianNoise", "GaussianDropout"]


class Builder(Heads, random_models.Builder):
    """One random model with all that `compile` takes, and its batches."""

    ways = (
        "plain plain plain plain plain sequential stateful stateful encoder_decoder states branches branches no_merge "
        "shared shared nested hierarchy conv_lstm attention attention explicit_mask operations time_major"
    )

    def rate(self, value):
        # Its random masks are Keras' own.
        return 0.0

    def cell_options(self, kind, units=None):
        options = super().cell_options(kind, units)
        if self.chance(0.05):
            options["activation"] = "softmax"
        return {**options, **self.extras("kernel", "recurrent", *(["bias"] if options["use_bias"] else []))}

    def recurrent(self, sequences, masked=True, **more):
        layer = super().recurrent(sequences, masked, **more)
        # An RNN of cells does not write it into its file.
        if self.chance(0.06) and not more.get("return_state") and type(layer) is not layers.RNN:
            self.say("activity")
            layer.activity_regularizer = keras.regularizers.L2(0.02)
        return layer

    def dense(self):
        return layers.Dense(self.units(), self.pick(ACTIVATIONS), **self.extras("kernel", "bias"))

    def companions(self, steps, features):
        make = super().companions(steps, features)
        normalize = lambda: layers.BatchNormalization(epsilon=0.1, momentum=self.pick([0.99, 0.7]), **self.extras("gamma"))
        again = {
            "BatchNormalization": normalize,
            "BatchNormalization ": normalize,
            "PReLU": lambda: layers.PReLU(),
            "Normalization": lambda: layers.Normalization(mean=[0.1] * features, variance=[2.0] * features),
            "TimeDistributed(Sequential)": lambda: layers.TimeDistributed(
                keras.Sequential([layers.Dense(self.units(), "tanh"), layers.Dense(3)])
            ),
            "TimeDistributed(BatchNormalization)": lambda: layers.TimeDistributed(normalize()),
            "GroupNormalization": lambda: layers.GroupNormalization(self.pick([1, -1]), epsilon=0.01),
            "RMSNormalization": lambda: layers.RMSNormalization(epsilon=0.01),
            "Embedding-like": lambda: layers.Dense(self.units(), use_bias=False, **self.extras("kernel")),
        }
        if hasattr(layers, "SpectralNormalization"):
            again["SpectralNormalization"] = lambda: layers.SpectralNormalization(layers.Dense(self.units()))
        made = {**make, **again}
        if not hasattr(layers, "RMSNormalization"):
            made.pop("RMSNormalization")
        return {name: made[name] for name in made if name not in LEFT_OUT}

    def head(self, y):
        """One output made ready for a loss: (output, loss, kind of targets, metrics)."""
        loss, width, activation, kind = self.loss(tuple(y.shape[1:]))
        y = layers.Dense(width, activation=activation, **self.extras("kernel", "bias"))(y)
        metrics = self.metrics(kind, width, len(y.shape)) if self.chance(0.5) else []
        return y, loss, kind, metrics

    def model(self):
        """The model with a head on every output; some layers frozen."""
        bare, calls = super().build()
        heads = [self.head(y) for y in bare.outputs]
        model = keras.Model(bare.inputs, [y for y, *_ in heads] if len(heads) > 1 else heads[0][0])
        self.draw_weights(model)
        if self.chance(0.15):
            for layer in list(layers_of(model))[1:]:
                if self.chance(0.3) and layer is not model:
                    self.say("frozen")
                    layer.trainable = False
        if not model.trainable_weights:
            raise ValueError("nothing to train")
        return model, calls, heads

    def compiled(self, model, heads):
        """What `compile` takes, by Keras' names, for one output or as lists and objects by output name."""
        losses, metrics = [loss for _, loss, *_ in heads], [list(made) for *_, made in heads]
        if len(heads) == 1:
            made = {"loss": losses[0]}
            if metrics[0]:
                made["weighted_metrics" if self.chance(0.3) else "metrics"] = metrics[0]
            return made
        made = {"loss": losses}
        if any(metrics):
            made["weighted_metrics" if self.chance(0.3) else "metrics"] = metrics
        if self.chance(0.5):
            self.say("loss-weights")
            made["loss_weights"] = [float(self.pick([1.0, 0.5, 2.0])) for _ in heads]
        if self.chance(0.5):
            self.say("by-name")
            made = {key: dict(zip(model.output_names, value)) for key, value in made.items()}
        return made

    def batches(self, calls, model, heads):
        """Batches of permuted samples, the last ones shorter where nothing forbids it."""
        fixed = model.inputs[0].shape[0] is not None
        weighted = self.chance(0.3)
        if weighted:
            self.say("sample-weight")
        made = []
        for step in range(STEPS):
            inputs = calls[step % len(calls)]
            order = self.random.permutation(len(inputs[0]))
            if step >= 2 and not fixed and self.chance(0.3):
                order = order[: max(1, len(order) // 2)]
            x = [values[order] for values in inputs]
            shapes = [tuple(y.shape) for y in self.shapes(model, x)]
            y = [self.targets(kind, shape) for shape, (_, _, kind, _) in zip(shapes, heads)]
            batch = {"x": x, "y": y}
            if weighted:
                weigh = lambda shape: self.random.random(shape).astype(np.float32) * (self.random.random(shape) < 0.8)
                batch["sampleWeight"] = [weigh(shape[:-1]).astype(np.float32) for shape in shapes]
            if len(calls) > 1 and step == 2:
                batch["reset"] = True
            made.append(batch)
        return made

    def shapes(self, model, x):
        outputs = model(x if len(x) > 1 else x[0], training=False)
        reset(model)
        return outputs if isinstance(outputs, (list, tuple)) else [outputs]

    def class_weight(self, heads, batches):
        if len(heads) > 1 or "sampleWeight" in batches[0] or heads[0][2] not in ("bits", "one-hot", "classes"):
            return None
        *_, width = batches[0]["y"][0].shape
        if heads[0][2] == "classes" and len(batches[0]["y"][0].shape) > 1:
            return None
        if len(batches[0]["y"][0].shape) > 2 or (heads[0][2] == "bits" and width > 1) or self.chance(0.6):
            return None
        self.say("class-weight")
        return {label: float(self.pick([0.5, 1.0, 2.0])) for label in range(2 if heads[0][2] == "bits" else 3)}


def one(values):
    return values[0] if len(values) == 1 else list(values)


def dense_gradients(optimizer):
    """Repeated ids: TensorFlow squares and clips their gradients one by one; every other backend, and this package, the sum."""
    if KERAS3:
        apply = optimizer.apply
        optimizer.apply = lambda grads, variables=None: apply([tf.convert_to_tensor(g) for g in grads], variables)
    elif hasattr(optimizer, "compute_gradients"):
        apply = optimizer.apply_gradients
        optimizer.apply_gradients = lambda pairs, *a, **k: apply([(tf.convert_to_tensor(g), v) for g, v in pairs], *a, **k)
        compute = optimizer.compute_gradients
        optimizer.minimize = lambda loss, variables, tape=None: optimizer.apply_gradients(compute(loss, variables, tape))
    return optimizer


def fresh(optimizer):
    return keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))


def again(value):
    """Metrics anew: those of another run hold what they saw."""
    if isinstance(value, dict):
        return {key: again(item) for key, item in value.items()}
    if isinstance(value, list):
        return [again(item) for item in value]
    return value if isinstance(value, str) else type(value).from_config(value.get_config())


def compile_model(model, optimizer, compiled):
    made = {key: again(value) if "metrics" in key else value for key, value in compiled.items()}
    more = {"jit_compile": False} if KERAS3 else {}
    model.compile(optimizer=dense_gradients(fresh(optimizer)), run_eagerly=True, **more, **made)


def train(model, optimizer, compiled, class_weight, first, batches, save=None):
    """Losses, metrics and weights of some steps from given weights. `save` (step, function) is called before a step."""
    model.set_weights(first)
    reset(model)
    compile_model(model, optimizer, compiled)
    losses, seen = [], {}
    for step, batch in enumerate(batches):
        if save and save[0] == step:
            save[1](model)
        if batch.get("reset"):
            reset(model)
        options = {"class_weight": class_weight} if class_weight else {}
        if "sampleWeight" in batch:
            options["sample_weight"] = one(batch["sampleWeight"])
        if KERAS3:
            model.reset_metrics()
        logs = model.train_on_batch(one(batch["x"]), one(batch["y"]), return_dict=True, **options)
        losses.append(float(np.asarray(logs.pop("loss"))))
        for name, value in logs.items():
            if not name.endswith("_loss"):
                seen.setdefault(name, []).append(np.asarray(value).tolist())
    return losses, model.get_weights(), seen


def apart(one, other):
    """How far two runs are from each other, in units of the tolerances."""
    losses = max(abs(a - b) for a, b in zip(one[0], other[0])) / LOSS_TOLERANCE
    weights = max((float(np.max(np.abs(a - b), initial=0)) for a, b in zip(one[1], other[1])), default=0)
    return max(losses, weights / WEIGHTS_TOLERANCE)


def saved(model, folder):
    """The forms that this Keras can write and that hold the model."""
    made = []
    for name in FORMS:
        try:
            model.save(os.path.join(folder, name))
            made.append({"file": name})
        except Exception as error:
            if not made and name == FORMS[-1]:
                raise
            if os.path.exists(os.path.join(folder, name)):
                os.remove(os.path.join(folder, name))
    return made


def serialized_all(value, kind):
    if isinstance(value, dict):
        return {key: serialized_all(item, kind) for key, item in value.items()}
    if isinstance(value, list):
        return [serialized_all(item, kind) for item in value]
    return serialized(value, kind)


def write(out, seed):
    notes = []
    folder = os.path.join(out, str(seed))
    os.makedirs(folder, exist_ok=True)
    for draw in range(DRAWS):
        keras.backend.clear_session()
        keras.utils.set_random_seed(seed) if hasattr(keras.utils, "set_random_seed") else tf.random.set_seed(seed)
        builder = Builder([seed, draw])
        try:
            model, calls, heads = builder.model()
            compiled = builder.compiled(model, heads)
            batches = builder.batches(calls, model, heads)
            optimizer = builder.optimizer()
            class_weight = builder.class_weight(heads, batches)
            resumes = len(calls) == 1 and builder.chance(0.15)
            first = model.get_weights()
            files = []
            if not resumes:
                files += saved(model, folder)
            save = (2, lambda trained: files.extend(saved(trained, folder))) if resumes else None
            run = train(model, optimizer, compiled, class_weight, first, batches, save)
            losses, after, seen = run
            if not np.all(np.isfinite(losses)) or max(np.abs(losses)) > 20:
                raise ValueError(f"losses {losses}")
            nudged = [w * np.float32(1 + 2e-7) if w.dtype == np.float32 else w for w in first]
            moved = apart(run, train(model, optimizer, compiled, class_weight, nudged, batches))
            if not moved < 0.5:
                raise ValueError(f"the last bit of the first weights moves the result by {moved:.1g} tolerances")
            break
        except Exception as error:
            notes.append(f"{' '.join(builder.words)}: {type(error).__name__}: {str(error)[:300]}")
    else:
        raise RuntimeError("; ".join(notes))
    start = 2 if resumes else 0
    kinds = {"loss": "losses", "metrics": "metrics", "weighted_metrics": "metrics"}
    compiled = {key: serialized_all(value, kinds[key]) if key in kinds else value for key, value in compiled.items()}
    case = {
        "id": f"training/{seed}",
        "made": f"{keras.__name__} {keras.__version__}",
        "about": " ".join(builder.words + ["resumed"] * resumes),
        "notes": notes,
        "tags": ["resume"] if resumes else [],
        "models": files,
        "compile": {"optimizer": keras.optimizers.serialize(optimizer), **compiled},
        "batches": [
            {key: [tensor(value) for value in item] if key != "reset" else item for key, item in batch.items()}
            for batch in batches[start:]
        ],
        **({"classWeight": class_weight} if class_weight else {}),
        "losses": losses[start:],
        "metrics": {name: values[start:] for name, values in seen.items()},
        "weightsAfter": [{**tensor(w), "name": getattr(v, "path", v.name)} for w, v in in_order(after, model.weights)],
        "tolerance": {"abs": LOSS_TOLERANCE, "rel": LOSS_TOLERANCE},
        "weightsTolerance": {"abs": WEIGHTS_TOLERANCE, "rel": WEIGHTS_TOLERANCE},
    }
    with open(os.path.join(folder, "case.json"), "w", encoding="utf-8") as file:
        json.dump(case, file, default=float)


if __name__ == "__main__":
    for number in range(int(sys.argv[2]), int(sys.argv[2]) + int(sys.argv[3])):
        try:
            write(sys.argv[1], number)
        except Exception as error:
            print(f"seed {number}: {DRAWS} draws refused: {error}", file=sys.stderr)
