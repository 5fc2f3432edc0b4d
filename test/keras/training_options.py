"""Trains small models with a real Keras, once with every option of optimizers, schedules, losses, metrics, regularizers
and constraints, and writes what came out.

usage: python training_options.py OUT [REGEXP]
Writes OUT/<case>/{model.keras, case.json}; a case has the form of a golden of kind "train" (shared/goldens/README.md).
"""

import json
import os
import re
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")

import numpy as np
from random_layers import keras, layers
from random_models import tensor

STEPS = 4
BATCH = 6
optimizers, losses, metrics = keras.optimizers, keras.losses, keras.metrics
schedules, ops = optimizers.schedules, keras.ops

# Small steps of a large ε where a gradient's rounding would be a step of its own.
OPTIMIZERS = {
    "SGD": dict(learning_rate=0.1),
    "RMSprop": dict(learning_rate=0.01, epsilon=1e-3),
    "Adagrad": dict(learning_rate=0.05),
    "Adadelta": dict(learning_rate=0.5, epsilon=1e-3),
    "Adam": dict(learning_rate=0.02, epsilon=1e-3),
    "AdamW": dict(learning_rate=0.02, epsilon=1e-3),
    "Nadam": dict(learning_rate=0.02, epsilon=1e-3),
    "Adamax": dict(learning_rate=0.02, epsilon=1e-3),
    "Lion": dict(learning_rate=0.01),
    "Ftrl": dict(learning_rate=0.05),
    "Adafactor": dict(learning_rate=0.05),
    "Lamb": dict(learning_rate=0.05),
    "Muon": dict(learning_rate=0.01, adam_lr_ratio=0.5, epsilon=1e-3),
}
FOR_ALL = {
    "plain": {},
    "weight-decay": dict(weight_decay=0.1),
    "clipnorm": dict(clipnorm=0.05),
    "global-clipnorm": dict(global_clipnorm=0.05),
    "clipvalue": dict(clipvalue=0.01),
    "ema": dict(use_ema=True, ema_momentum=0.8),
    "ema-overwrite": dict(use_ema=True, ema_momentum=0.8, ema_overwrite_frequency=2),
    "accumulation": dict(gradient_accumulation_steps=2),
    "accumulation-clip": dict(gradient_accumulation_steps=2, clipnorm=0.05),
    "loss-scale": dict(loss_scale_factor=8.0),
}
OWN = {
    "SGD": [dict(momentum=0.9), dict(momentum=0.9, nesterov=True), dict(momentum=0.5, weight_decay=0.1)],
    "RMSprop": [dict(momentum=0.5), dict(centered=True), dict(momentum=0.5, centered=True), dict(rho=0.5)],
    "Adagrad": [dict(initial_accumulator_value=0.0, epsilon=1e-3), dict(epsilon=0.1)],
    "Adadelta": [dict(rho=0.5)],
    "Adam": [dict(amsgrad=True), dict(beta_1=0.5, beta_2=0.7), dict(amsgrad=True, weight_decay=0.1)],
    "AdamW": [dict(amsgrad=True), dict(weight_decay=0.0)],
    "Nadam": [dict(beta_1=0.5, beta_2=0.7)],
    "Adamax": [dict(beta_1=0.5, beta_2=0.7)],
    "Lion": [dict(beta_1=0.5, beta_2=0.7)],
    "Adafactor": [dict(clip_threshold=0.5, beta_2_decay=-0.5), dict(epsilon_1=1e-4, epsilon_2=0.5)],
    "Lamb": [dict(beta_1=0.5, beta_2=0.7, epsilon=1e-3)],
    "Muon": [
        dict(momentum=0.5, nesterov=False),
        dict(ns_steps=3, adam_weight_decay=0.1),
        dict(rms_rate=None, muon_a=2.0),
        dict(exclude_embeddings=False, exclude_layers=["dense_1"]),
    ],
    "Ftrl": [
        dict(l1_regularization_strength=0.01),
        dict(l2_regularization_strength=0.1),
        dict(l2_shrinkage_regularization_strength=0.1),
        dict(learning_rate_power=-0.3),
        dict(initial_accumulator_value=0.5),
        dict(beta=0.3),
    ],
}
SCHEDULES = {
    "exponential": schedules.ExponentialDecay(0.2, 2, 0.5),
    "exponential-stairs": schedules.ExponentialDecay(0.2, 2, 0.5, staircase=True),
    "inverse-time": schedules.InverseTimeDecay(0.2, 2, 0.5),
    "inverse-time-stairs": schedules.InverseTimeDecay(0.2, 2, 0.5, staircase=True),
    "polynomial": schedules.PolynomialDecay(0.2, 3, 0.01, power=2.0),
    "polynomial-cycle": schedules.PolynomialDecay(0.2, 2, 0.01, power=1.0, cycle=True),
    "piecewise": schedules.PiecewiseConstantDecay([1, 2], [0.2, 0.1, 0.05]),
    "cosine": schedules.CosineDecay(0.2, 3, alpha=0.1),
    "cosine-warmup": schedules.CosineDecay(0.01, 3, alpha=0.1, warmup_target=0.2, warmup_steps=2),
    "cosine-restarts": schedules.CosineDecayRestarts(0.2, 2, t_mul=1.0, m_mul=0.9, alpha=0.1),
    "cosine-restarts-longer": schedules.CosineDecayRestarts(0.2, 1, t_mul=2.0, m_mul=0.5),
}


def real(rng, shape):
    return rng.normal(size=shape).astype(np.float32)


def positive(rng, shape):
    return (np.abs(rng.normal(size=shape)) + 0.1).astype(np.float32)


def binary(rng, shape):
    return rng.integers(0, 2, shape).astype(np.float32)


def signs(rng, shape):
    return (2 * rng.integers(0, 2, shape) - 1).astype(np.float32)


def one_hot(rng, shape):
    return np.eye(shape[-1], dtype=np.float32)[rng.integers(0, shape[-1], shape[:-1])]


def classes(rng, shape):
    return rng.integers(0, shape[-1], shape[:-1]).astype(np.int32)


# loss, its options, activation of the output, targets
LOSSES = [
    ("MeanSquaredError", [{}, dict(reduction="sum"), dict(reduction="mean_with_sample_weight")], None, real),
    ("MeanAbsoluteError", [{}], None, real),
    ("MeanAbsolutePercentageError", [{}], None, positive),
    ("MeanSquaredLogarithmicError", [{}], "softplus", positive),
    ("BinaryCrossentropy", [{}, dict(label_smoothing=0.2)], "sigmoid", binary),
    ("BinaryCrossentropy", [dict(from_logits=True), dict(from_logits=True, label_smoothing=0.2)], None, binary),
    (
        "BinaryFocalCrossentropy",
        [{}, dict(gamma=1.0), dict(apply_class_balancing=True, alpha=0.7), dict(label_smoothing=0.2)],
        "sigmoid",
        binary,
    ),
    ("BinaryFocalCrossentropy", [dict(from_logits=True), dict(from_logits=True, gamma=3.0)], None, binary),
    ("CategoricalCrossentropy", [{}, dict(label_smoothing=0.2), dict(reduction="sum")], "softmax", one_hot),
    ("CategoricalCrossentropy", [dict(from_logits=True)], None, one_hot),
    ("CategoricalFocalCrossentropy", [{}, dict(alpha=0.7, gamma=1.0), dict(label_smoothing=0.2)], "softmax", one_hot),
    ("CategoricalFocalCrossentropy", [dict(from_logits=True)], None, one_hot),
    ("SparseCategoricalCrossentropy", [{}, dict(ignore_class=1)], "softmax", classes),
    ("SparseCategoricalCrossentropy", [dict(from_logits=True), dict(from_logits=True, ignore_class=1)], None, classes),
    ("Huber", [{}, dict(delta=0.3)], None, real),
    ("LogCosh", [{}], None, real),
    ("Poisson", [{}], "softplus", positive),
    ("KLDivergence", [{}], "softmax", one_hot),
    ("Hinge", [{}], "tanh", signs),
    ("Hinge", [{}], "tanh", binary),
    ("SquaredHinge", [{}], "tanh", binary),
    ("CategoricalHinge", [{}], "softmax", one_hot),
    ("CosineSimilarity", [{}], None, real),
    ("Dice", [{}], "sigmoid", binary),
    ("Tversky", [{}, dict(alpha=0.3, beta=0.8)], "sigmoid", binary),
    # Losses beside the output's activation: Keras takes a sigmoid's or softmax's logits whatever the loss.
    ("BinaryCrossentropy", [{}, dict(label_smoothing=0.1), dict(from_logits=True)], "softmax", one_hot),
    ("BinaryCrossentropy", [dict(from_logits=True)], "sigmoid", binary),
    ("BinaryFocalCrossentropy", [{}], "softmax", one_hot),
    ("CategoricalCrossentropy", [{}, dict(from_logits=True)], "sigmoid", one_hot),
    ("CategoricalCrossentropy", [dict(from_logits=True)], "softmax", one_hot),
    ("SparseCategoricalCrossentropy", [{}, dict(from_logits=True)], "sigmoid", classes),
    ("SparseCategoricalCrossentropy", [dict(from_logits=True)], "softmax", classes),
    *(("BinaryCrossentropy", [{}], activation, binary) for activation in (None, "tanh", "relu", "hard_sigmoid")),
    *(("CategoricalCrossentropy", [{}], activation, one_hot) for activation in ("softplus", "hard_sigmoid")),
    *(("SparseCategoricalCrossentropy", [{}], activation, classes) for activation in (None, "softplus", "relu", "tanh")),
]

# metric, its options, activation and width of the output, targets, loss
METRICS = [
    ("Accuracy", [{}], "sigmoid", 1, binary),
    ("BinaryAccuracy", [{}, dict(threshold=0.4)], "sigmoid", 3, binary),
    ("CategoricalAccuracy", [{}], "softmax", 3, one_hot),
    ("SparseCategoricalAccuracy", [{}], "softmax", 3, classes),
    ("TopKCategoricalAccuracy", [dict(k=2)], "softmax", 4, one_hot),
    ("SparseTopKCategoricalAccuracy", [dict(k=2)], "softmax", 4, classes),
    (
        "AUC",
        [
            {},
            dict(curve="PR"),
            dict(num_thresholds=20),
            dict(summation_method="minoring"),
            dict(summation_method="majoring"),
            dict(curve="PR", summation_method="minoring"),
            dict(thresholds=[0.3, 0.5, 0.6]),
        ],
        "sigmoid",
        1,
        binary,
    ),
    ("AUC", [dict(multi_label=True), dict(multi_label=True, label_weights=[0.2, 0.5, 0.3])], "sigmoid", 3, binary),
    ("AUC", [dict(from_logits=True)], None, 1, binary),
    ("Precision", [{}, dict(thresholds=0.45), dict(thresholds=[0.3, 0.5])], "sigmoid", 1, binary),
    ("Precision", [dict(top_k=2), dict(class_id=1), dict(top_k=1, class_id=2)], "softmax", 4, one_hot),
    ("Recall", [{}, dict(thresholds=0.45), dict(thresholds=[0.3, 0.5])], "sigmoid", 1, binary),
    ("Recall", [dict(top_k=2), dict(class_id=1), dict(top_k=1, class_id=2)], "softmax", 4, one_hot),
    ("TruePositives", [{}, dict(thresholds=[0.3, 0.5])], "sigmoid", 2, binary),
    ("FalsePositives", [{}], "sigmoid", 2, binary),
    ("TrueNegatives", [{}], "sigmoid", 2, binary),
    ("FalseNegatives", [{}], "sigmoid", 2, binary),
    ("SensitivityAtSpecificity", [dict(specificity=0.4)], "sigmoid", 1, binary),
    ("SpecificityAtSensitivity", [dict(sensitivity=0.4)], "sigmoid", 1, binary),
    ("PrecisionAtRecall", [dict(recall=0.4)], "sigmoid", 1, binary),
    ("RecallAtPrecision", [dict(precision=0.4), dict(precision=0.6, num_thresholds=10)], "sigmoid", 1, binary),
    ("F1Score", [{}, dict(average="micro"), dict(average="macro"), dict(average="weighted")], "softmax", 3, one_hot),
    ("F1Score", [dict(threshold=0.5, average="macro")], "sigmoid", 3, binary),
    ("FBetaScore", [dict(beta=2.0, average="macro"), dict(beta=0.5)], "softmax", 3, one_hot),
    ("BinaryIoU", [{}, dict(target_class_ids=[1], threshold=0.45)], "sigmoid", 1, binary),
    ("OneHotIoU", [dict(num_classes=3, target_class_ids=[0, 2])], "softmax", 3, one_hot),
    ("OneHotMeanIoU", [dict(num_classes=3)], "softmax", 3, one_hot),
    ("MeanIoU", [dict(num_classes=3, sparse_y_pred=False)], "softmax", 3, classes),
    ("IoU", [dict(num_classes=3, target_class_ids=[1], sparse_y_pred=False)], "softmax", 3, classes),
    ("MeanSquaredError", [{}], None, 3, real),
    ("RootMeanSquaredError", [{}], None, 3, real),
    ("MeanAbsoluteError", [{}], None, 3, real),
    ("MeanAbsolutePercentageError", [{}], None, 3, positive),
    ("MeanSquaredLogarithmicError", [{}], "softplus", 3, positive),
    ("BinaryCrossentropy", [{}, dict(label_smoothing=0.2)], "sigmoid", 3, binary),
    ("BinaryCrossentropy", [dict(from_logits=True)], None, 3, binary),
    ("CategoricalCrossentropy", [{}, dict(label_smoothing=0.2)], "softmax", 3, one_hot),
    ("SparseCategoricalCrossentropy", [{}], "softmax", 3, classes),
    ("KLDivergence", [{}], "softmax", 3, one_hot),
    ("Poisson", [{}], "softplus", 3, positive),
    ("LogCoshError", [{}], None, 3, real),
    ("CosineSimilarity", [{}], None, 3, real),
    ("Hinge", [{}], "tanh", 3, signs),
    ("SquaredHinge", [{}], "tanh", 3, binary),
    ("CategoricalHinge", [{}], "softmax", 3, one_hot),
    ("R2Score", [{}, dict(class_aggregation=None), dict(class_aggregation="variance_weighted_average")], None, 3, real),
    ("R2Score", [dict(num_regressors=2)], None, 3, real),
    ("BinaryCrossentropy", [{}], "softmax", 3, one_hot),
    ("BinaryCrossentropy", [dict(from_logits=True)], "sigmoid", 3, binary),
    ("CategoricalCrossentropy", [{}], "sigmoid", 3, one_hot),
    ("CategoricalCrossentropy", [dict(from_logits=True)], "softmax", 3, one_hot),
    ("SparseCategoricalCrossentropy", [{}], "sigmoid", 3, classes),
    ("SparseCategoricalCrossentropy", [{}], None, 3, classes),
    ("SparseCategoricalCrossentropy", [dict(from_logits=True)], "softmax", 3, classes),
]
# By name, as people write them.
NAMED = [
    ("mse", None, 3, real),
    ("cosine_similarity", None, 3, real),
    ("accuracy", "sigmoid", 3, binary),
    ("top_k_categorical_accuracy", "softmax", 6, one_hot),
]

regularizers, constraints = keras.regularizers, keras.constraints
LAYER_OPTIONS = {
    "l1": dict(kernel_regularizer=regularizers.L1(0.02)),
    "l2-name": dict(kernel_regularizer="l2", bias_regularizer="l1"),
    "l1l2": dict(recurrent_regularizer=regularizers.L1L2(0.01, 0.02)),
    "orthogonal-rows": dict(recurrent_regularizer=regularizers.OrthogonalRegularizer(0.1)),
    "orthogonal-columns": dict(kernel_regularizer=regularizers.OrthogonalRegularizer(0.1, mode="columns")),
    "activity": dict(activity_regularizer=regularizers.L2(0.05)),
    "max-norm": dict(kernel_constraint=constraints.MaxNorm(0.5), recurrent_constraint=constraints.MaxNorm(0.4, axis=1)),
    "max-norm-axes": dict(kernel_constraint=constraints.MaxNorm(0.9, axis=[0, 1])),
    "min-max-norm": dict(kernel_constraint=constraints.MinMaxNorm(0.4, 0.6, rate=0.5)),
    "unit-norm": dict(recurrent_constraint=constraints.UnitNorm(axis=1)),
    "non-neg": dict(kernel_constraint=constraints.NonNeg(), bias_constraint="non_neg"),
}


def dense_model(width, activation):
    source = keras.Input((4,))
    x = layers.Dense(5, activation="tanh")(source)
    return keras.Model(source, layers.Dense(width, activation=activation)(x))


def recurrent_model(kind, options, width, activation, sequences):
    source = keras.Input((4,), dtype="int32")
    x = layers.Embedding(7, 3, mask_zero=True)(source)
    x = getattr(layers, kind)(4, return_sequences=sequences, **options)(x)
    return keras.Model(source, layers.Dense(width, activation=activation)(x))


def sequence():
    source = keras.Input((6, 4))
    return source, layers.Dense(4)(source)


def of_operations():
    source, x = sequence()
    y = ops.concatenate([x[:, 1:4] * 2.0, ops.tanh(x[:, :3]) - 0.5], axis=-1)
    y = ops.expand_dims(ops.mean(y, axis=1), 1) + ops.reshape(ops.max(x, axis=2), (-1, 6, 1))
    return source, layers.LSTM(3)(y / (1.0 + ops.exp(-y)))


def of_attention():
    source, x = sequence()
    scores = ops.softmax(ops.matmul(x, ops.transpose(x, (0, 2, 1))), axis=-1)
    return source, layers.GRU(3)(ops.einsum("bts,bsd->btd", scores, x))


def of_pictures():
    source, x = sequence()
    y = layers.Reshape((6, 4, 1))(x)
    y = layers.Conv2D(3, (3, 2), padding="same", activation="relu")(y)
    y = layers.MaxPooling2D(2, padding="same")(y)
    y = layers.SeparableConv2D(4, 2, depth_multiplier=2, padding="same")(y)
    return source, layers.GlobalAveragePooling2D()(layers.DepthwiseConv2D(2)(y))


def of_conv_lstm():
    source, x = sequence()
    y = layers.Reshape((6, 2, 2, 1))(x)
    y = layers.ConvLSTM2D(2, 2, padding="same", return_sequences=True)(y)
    return source, layers.Flatten()(layers.ConvLSTM2D(2, (1, 2), strides=(1, 1), go_backwards=True)(y))


def of_frames():
    source, x = sequence()
    y = layers.TimeDistributed(layers.Conv1D(2, 2))(layers.Reshape((6, 4, 1))(x))
    return source, layers.LSTM(3)(layers.TimeDistributed(layers.Flatten())(y))


def of_separable():
    source, x = sequence()
    y = layers.SeparableConv1D(4, 3, padding="same")(x)
    return source, layers.GRU(3)(layers.Conv1D(4, 2, groups=2)(layers.DepthwiseConv1D(2, depth_multiplier=2)(y)))


def of_norms():
    source, x = sequence()
    y = layers.PReLU(shared_axes=[1], alpha_initializer="ones")(layers.GroupNormalization(2)(x))
    return source, layers.LSTM(3)(layers.RMSNormalization()(layers.LayerNormalization(axis=[1, 2])(y)))


def of_einsum():
    source, x = sequence()
    y = layers.EinsumDense("btd,de->bte", output_shape=(6, 3), bias_axes="e", activation="tanh")(x)
    return source, layers.Flatten()(layers.Dot(axes=(1, 1), normalize=True)([x, y]))


def of_heads():
    source, x = sequence()
    y = layers.MultiHeadAttention(2, 3)(x, x)
    z = layers.Average()([layers.Subtract()([x, y]), layers.LSTM(4, return_sequences=True)(x)])
    return source, layers.GlobalMaxPooling1D()(layers.Maximum()([z, x, y]))


def of_cells():
    source, x = sequence()
    cells = [layers.LSTMCell(3, use_bias=False), layers.GRUCell(3, reset_after=False, activation="relu")]
    y = layers.RNN(cells, return_sequences=True)(x)
    return source, layers.Bidirectional(layers.RNN(layers.SimpleRNNCell(2, activation="sigmoid")))(y)


def of_padding():
    source, x = sequence()
    y = layers.Cropping1D((1, 2))(layers.UpSampling1D(2)(layers.ZeroPadding1D((2, 1))(x)))
    return source, layers.GRU(3)(layers.UnitNormalization()(layers.Softmax(axis=1)(y)))


MODELS = [
    of_operations, of_attention, of_pictures, of_conv_lstm, of_frames, of_separable, of_norms, of_einsum, of_heads,
    of_cells, of_padding,
]


def features(rng, model):
    if len(model.inputs[0].shape) == 3:
        return real(rng, (BATCH, 6, 4))
    if model.inputs[0].dtype == "int32":
        ids = rng.integers(1, 7, (BATCH, 4))
        for row in range(1, BATCH):
            ids[row, 4 - row % 4 :] = 0
        return ids.astype(np.int32)
    return real(rng, (BATCH, 4))


def cases():
    for name, options in OPTIMIZERS.items():
        variants = [(key, more) for key, more in FOR_ALL.items()]
        variants += [("-".join(f"{k}-{v}" for k, v in more.items()), more) for more in OWN[name]]
        for key, more in variants:
            make = lambda name=name, more=more, options=options: getattr(optimizers, name)(**{**options, **more})
            yield f"optimizer-{name}-{key}", dict(optimizer=make)
    for key, schedule in SCHEDULES.items():
        yield f"schedule-{key}", dict(optimizer=lambda schedule=schedule: optimizers.SGD(schedule, momentum=0.5))
    for number, (name, variants, activation, targets) in enumerate(LOSSES):
        for at, options in enumerate(variants):
            make = lambda name=name, options=options: getattr(losses, name)(**options)
            common = dict(loss=make, activation=activation, width=3, targets=targets)
            yield f"loss-{name}-{number}-{at}", common
            if name in ("Dice", "Tversky"):
                continue
            yield f"loss-{name}-{number}-{at}-weighted", dict(**common, weighted=True)
            # Keras' mask hides what its label mask shows, and the other way round.
            if "ignore_class" not in options:
                yield f"loss-{name}-{number}-{at}-masked", dict(**common, recurrent="GRU", sequences=True)
    for number, (name, variants, activation, width, targets) in enumerate(METRICS):
        for at, options in enumerate(variants):
            make = lambda name=name, options=options: getattr(metrics, name)(**options)
            common = dict(metric=make, activation=activation, width=width, targets=targets)
            yield f"metric-{name}-{number}-{at}", common
            yield f"metric-{name}-{number}-{at}-weighted", dict(**common, weighted=True)
    for name, activation, width, targets in NAMED:
        yield f"metric-named-{name}", dict(metric=lambda name=name: name, activation=activation, width=width, targets=targets)
    for key, options in LAYER_OPTIONS.items():
        for kind in ("LSTM", "GRU", "SimpleRNN"):
            yield f"layer-{kind}-{key}", dict(recurrent=kind, options=options)
    for make in MODELS:
        yield f"model-{make.__name__}", dict(body=make)


def compile_model(model, optimizer, loss, metric, targets, weighted, recurrent):
    """Compiles a model with what makers give, SGD and squares by default. @returns What Keras writes of it."""
    made_optimizer = optimizer() if optimizer else optimizers.SGD(0.05)
    made_loss = loss() if loss else losses.MeanSquaredError()
    made_metric = metric() if metric else None
    compiled = {"optimizer": keras.optimizers.serialize(made_optimizer)}
    compiled["loss"] = keras.losses.serialize(made_loss) if loss or targets is not classes else "sparse_categorical_crossentropy"
    if loss and "delta" in str(getattr(made_loss, "_fn_kwargs", "")):
        # Keras does not serialise it.
        compiled["loss"]["config"]["delta"] = made_loss._fn_kwargs["delta"]
    key = "weighted_metrics" if weighted else "metrics"
    if made_metric is not None:
        compiled[key] = [made_metric if isinstance(made_metric, str) else keras.metrics.serialize(made_metric)]
    used_loss = made_loss if isinstance(compiled["loss"], dict) else compiled["loss"]
    arguments = {key: [made_metric]} if made_metric is not None else {}
    model.compile(optimizer=made_optimizer, loss=used_loss, run_eagerly=True, jit_compile=False, **arguments)
    if recurrent:
        # Gradients of an embedding's repeated rows are summed, as on Keras' other backends.
        import tensorflow as tf

        apply = made_optimizer.apply
        made_optimizer.apply = lambda grads, variables=None: apply([tf.convert_to_tensor(g) for g in grads], variables)
    return compiled


def write(out, name, *, optimizer=None, loss=None, metric=None, activation=None, width=2, targets=real, weighted=False,
          recurrent=None, options=None, sequences=False, body=None):
    rng = np.random.default_rng(abs(hash_of(name)))
    keras.utils.set_random_seed(7)
    if body:
        source, x = body()
        model = keras.Model(source, layers.Dense(width, activation=activation)(x))
    elif recurrent:
        model = recurrent_model(recurrent, options or {}, width, activation, sequences)
    else:
        model = dense_model(width, activation)
    folder = os.path.join(out, name)
    os.makedirs(folder, exist_ok=True)
    model.set_weights([real(rng, w.shape) * 0.5 for w in model.get_weights()])
    model.save(os.path.join(folder, "model.keras"))
    compiled = compile_model(model, optimizer, loss, metric, targets, weighted, recurrent)
    batches, got, seen = [], [], {}
    for _ in range(STEPS):
        x = features(rng, model)
        shape = (BATCH, *model.outputs[0].shape[1:-1], width)
        y = targets(rng, shape)
        w = rng.random((BATCH, *shape[1:-1])).astype(np.float32) if weighted else None
        logs = model.train_on_batch(x, y, sample_weight=w, return_dict=True)
        got.append(float(np.asarray(logs.pop("loss"))))
        for label, value in logs.items():
            seen.setdefault(label, []).append(np.asarray(value).tolist())
        batches.append({"x": [tensor(x)], "y": [tensor(y)], **({} if w is None else {"sampleWeight": tensor(w)})})
    if not np.all(np.isfinite(got)):
        raise ValueError(f"losses {got}")
    case = {
        "id": f"options/{name}",
        "made": f"{keras.__name__} {keras.__version__}",
        "about": name,
        "tags": [],
        "models": [{"file": "model.keras"}],
        "compile": compiled,
        "batches": batches,
        "losses": got,
        "metrics": seen,
        "weightsAfter": [{**tensor(w), "name": v.path} for w, v in zip(model.get_weights(), model.weights)],
        "tolerance": {"abs": 1e-5, "rel": 1e-5},
        "weightsTolerance": {"abs": 1e-4, "rel": 1e-4},
    }
    with open(os.path.join(folder, "case.json"), "w", encoding="utf-8") as file:
        json.dump(case, file)


def hash_of(text):
    value = 0
    for letter in text:
        value = (value * 31 + ord(letter)) % 2**31
    return value


if __name__ == "__main__":
    pattern = re.compile(sys.argv[2] if len(sys.argv) > 2 else ".")
    for name, arguments in cases():
        if not pattern.search(name):
            continue
        try:
            write(sys.argv[1], name, **arguments)
        except Exception as error:
            # Keras itself refuses some: weights of a BinaryIoU of several outputs, metrics that it has no name for.
            print(f"{name}: {type(error).__name__}: {str(error)[:300]}", file=sys.stderr)
