"""How the cases of training are listed, for training_layers.py."""

from random_layers import layers

CASES = {}


def case(name, make, *shapes, dtype="float32", fixed=False):
    """A model of one input for each shape (without the batch); `make` gets the symbolic tensors."""
    CASES[name] = (make, shapes, dtype, fixed)


def layer(name, shape, front=True, **options):
    """One layer behind a Dense, so that its input has a gradient, too."""
    label = " ".join([name, *(f"{key}={value}" for key, value in options.items())])

    def make(x):
        y = layers.Dense(shape[-1])(x) if front else x
        return getattr(layers, name)(**options)(y)

    case(label, make, shape)


def ids(x, width=3, vocabulary=5):
    """Rows of a table, steps of id 0 masked."""
    return layers.Embedding(vocabulary, width, mask_zero=True)(x)


def in_order(values, variables):
    """Weights with their variables: SpectralNormalization's vector before the kernel, which Keras lists as the wrapper's."""
    pairs = list(zip(values, variables))
    for i, (_, variable) in enumerate(pairs):
        if "vector_u" in getattr(variable, "path", variable.name):
            pairs[i - 1], pairs[i] = pairs[i], pairs[i - 1]
    return pairs
