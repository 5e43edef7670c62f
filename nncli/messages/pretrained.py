"""Words for weights from elsewhere: their spec, their files, and what does not fit the network."""

from __future__ import annotations

from typing import Final

from nncli.errors import SpecError, WeightsError
from nncli.messages.words import Words

# Tied tensors are copied, since safetensors refuses two names for one storage.
_CONVERSION: Final = (
    'python -c "import torch, safetensors.torch; safetensors.torch.save_file('
    "{{name: tensor.clone() for name, tensor in torch.load("
    "'FILE.bin', map_location='cpu', weights_only=True).items()}}, 'FILE.safetensors')\""
)

_SPEC: Final = {
    "pattern-form": Words(
        SpecError,
        "`{pattern}` is no pattern of names: {reason}",
        ('`*` stands for one part between dots, and at an end for any: `"backbone.*"`, `"*.bias"`',),
        "Patterns of names are globs. They hold no regular expressions.",
    ),
    "weights-entries": Words(
        SpecError,
        "`{key}:` takes {expected}",
        ("as in {example}",),
        "The words below `weights:` are lists of patterns, or patterns with names behind them.",
    ),
    "weights-parts": Words(
        SpecError,
        "this entry of `{key}:` cannot be used: {reason}",
        ("as in {example}",),
        "`split:` and `join:` name the parts of a tensor; they stand in place of the last plain part.",
    ),
}

_FILES: Final = {
    "pretrained-missing": Words(
        WeightsError,
        "there is no file `{file}`",
        (
            "did you mean `{nearest}`? paths start from the folder of the spec",
            "paths start from the folder of the spec",
        ),
        "The file that `weights:` names is not there.",
    ),
    "pretrained-address": Words(
        WeightsError,
        "`{file}` is an address, and weights are read from files of this machine",
        ("download it first, and write the path of the file",),
        "Training never depends on what another computer answers.",
    ),
    "pretrained-folder": Words(
        WeightsError,
        "`{file}` is a folder",
        ("write `{inside}`", "name the safetensors file in it"),
        "`weights:` names a file.",
    ),
    "pretrained-closed": Words(
        WeightsError,
        "`{file}` cannot be read: {reason}",
        (),
        "The system refused to read the file that `weights:` names.",
    ),
    "pretrained-pickle": Words(
        WeightsError,
        "`{file}` is a pickle, zip, NumPy or HDF5 file, and only safetensors files are read",
        (f"convert a torch file where you trust it: {_CONVERSION}",),
        "Loading a pickle can run code that its author put there, so nncli never loads one.",
    ),
    "pretrained-damaged": Words(
        WeightsError,
        "`{file}` is damaged: {reason}",
        ("copy or download it again",),
        "The file does not follow the safetensors format, or ends too early.",
    ),
    "pretrained-index": Words(
        WeightsError,
        "`{file}` is no index of safetensors files: {reason}",
        ("download the whole folder again, or name one of the safetensors files",),
        "An index is JSON whose `weight_map` says which file beside it holds which tensor.",
    ),
    "pretrained-type": Words(
        WeightsError,
        "`{tensor}` of {file} is of type {type}, which cannot become the {wanted} of `{name}`",
        ("take a file with weights in float32, float16 or bfloat16",),
        "Quantised weights are numbers only together with scales that nncli does not know.",
    ),
    "pretrained-not-finite": Words(
        WeightsError,
        "`{tensor}` of {file} holds a number that is not finite",
        ("leave it out with `skip:`, or take another file",),
        "A NaN or an infinity among the weights makes every prediction worthless.",
    ),
}

_FITTING: Final = {
    "pattern-unmatched": Words(
        WeightsError,
        "`{pattern}` below `{key}:` matches no tensor of the file",
        (
            "`{left_out}` is like it, and `skip:` leaves that out",
            "no name there has the part `{part}`: did you mean `{nearest}`?",
            "no name there has the part `{part}`",
            "a pattern matches a whole name: `*` at the start or end stands for any parts",
        ),
        "A pattern that matches nothing would do nothing in silence.",
    ),
    "rename-shadowed": Words(
        WeightsError,
        "`{pattern}` below `rename:` comes too late: `{first}` above it has made `{name}` of `{tensor}`",
        ("entries work from top to bottom: put `{pattern}` above `{first}`",),
        "Each entry of `rename:` works on the names that those above it made: narrow ones come first.",
    ),
    "tensor-parts": Words(
        WeightsError,
        "`{pattern}` below `{key}:` cannot be done: {reason}",
        ("write a pattern that matches fewer names",),
        "Matrices are transposed, and tensors are split and joined along their first dimension.",
    ),
    "tensors-collide": Words(
        WeightsError,
        "`{first}` and `{second}` of the file would both become `{name}`",
        ("give each a name of its own, or leave one out with `skip:`",),
        "Each tensor of a network comes from one place.",
    ),
    "tensors-missing": Words(
        WeightsError,
        "{file} lacks {tensors} of the network: {names}",
        (
            "`{there}` is in the file, but `{rule}` below `rename:` makes `{name}` of it: narrow that down",
            "if these are meant, write `rename: {{{rename}}}`; to leave them as they start, `{skip}`",
            "to leave them as they start, write `{skip}`",
        ),
        "Every parameter and buffer is loaded, or `skip:` says that it is not.",
    ),
    "tensors-shape": Words(
        WeightsError,
        "the shape of {tensors} differs between {file} and the network: {names}",
        (
            "some fit the other way round: write `{transpose}`",
            "to leave them as they start, write `{skip}`",
        ),
        "A tensor is loaded only into one of the same shape.",
    ),
    "tensors-left-over": Words(
        WeightsError,
        "nothing in the network takes {tensors} of {file}: {names}",
        ("if that is meant, write `{skip}`",),
        "What no name of the network takes is left over. It is a warning.",
    ),
    "tensors-moved": Words(
        WeightsError,
        "`{stored}` of this file is now `{wanted}` (line {line})",
        ("give it a name: `name: {name}` beside it on line {line}",),
        "An automatic name follows the position of a layer, so that inserting one moves those after it.",
    ),
}

TABLE: Final[dict[str, Words]] = {**_SPEC, **_FILES, **_FITTING}
