"""Words for networks in use: which one of several, what it cannot do untrained, and tensors given to it"""

from __future__ import annotations

from typing import Final

from nncli.errors import UsageError, WeightsError
from nncli.messages.words import Words

TABLE: Final[dict[str, Words]] = {
    "model-without-encoders": Words(
        WeightsError,
        "{file} takes no rows of a table: it has no encoders, since there is no `data:` in its spec",
        ("tensors run through it in Python: `{example}`",),
        "Encoders turn the columns of a table into tensors. They come from the data of a spec.",
    ),
    "model-without-training": Words(
        WeightsError,
        "{file} has no loss and no metrics, since there is no `training:` in its spec",
        ("write `training:` in the spec, and train it: nncli train SPEC --run RUN",),
        "The loss says what the outputs of a network mean: classes, probabilities or numbers.",
    ),
    "network-not-chosen": Words(
        UsageError,
        "there are several networks in {file}, and one is needed: {known}",
        ("`{choice}`, for example",),
        "One network is used, or written as Python, pt2 or ONNX. A weights file holds all of them.",
    ),
    "network-unknown": Words(
        UsageError,
        "there is no network `{name}` in {file}",
        ("did you mean `{nearest}`?", "its networks: {known}"),
        "A network is chosen by its name below `networks:`. A run has that which it trained.",
    ),
    "spec-not-trained": Words(
        UsageError,
        "{file} is a spec, and this needs a trained network",
        ("train it first: nncli train {file} --run RUN",),
        "A run folder or a weights file holds what was learned; a spec does not.",
    ),
    "tensor-index": Words(
        UsageError,
        "`{name}` holds indices from 0 to {most}; received {given}",
        (),
        "An index is the position of a word or class, counted from 0.",
    ),
    "tensor-shape": Words(
        UsageError,
        "`{name}` is [{wanted}]; received {given}",
        (),
        "A tensor has its rows first, then the shape that the spec states.",
    ),
    "tensor-twice": Words(
        UsageError,
        "`{name}` is given by position and by name",
        (),
        "Every input of a network is given once.",
    ),
    "tensor-type": Words(
        UsageError,
        "`{name}` takes {wanted}; received {given}",
        (),
        "Indices are whole numbers, masks are truths, all else is numbers.",
    ),
    "tensor-unknown": Words(
        UsageError,
        "the network has no input `{name}`",
        ("did you mean `{nearest}`?", "its inputs: {known}"),
        "A network is called with its inputs, by their names.",
    ),
    "tensor-extra": Words(
        UsageError,
        "{given} tensors are given by position, and the inputs are {inputs}",
        ("a padding mask is given by its name: `{mask}=mask`",),
        "A padding mask is given by its name: `source_mask`.",
    ),
    "tensor-missing": Words(
        UsageError,
        "nothing is given for {missing}",
        ("`model({example})`",),
        "Every input of a network is given, but for padding masks.",
    ),
}
