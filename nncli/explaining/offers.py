"""What torch offers to a spec, by kinds, from signatures and the first sentence torch says of each."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import torch
from torch import nn

from nncli.augmentation.transforms import MIXERS, TRANSFORMS
from nncli.augmentation.waves import WAVE_CHANGES
from nncli.explaining.annotations import in_words
from nncli.explaining.examples import example_arguments, example_forms, shapes_of
from nncli.explaining.explanations import Explanation, Part
from nncli.explaining.function_examples import function_example
from nncli.explaining.meanings import meanings_of, sentence_of
from nncli.explaining.words import function_names, written
from nncli.network.calls.signatures import OWN_LAYERS, Parameter, layer_classes, loss_classes, signature_of
from nncli.network.functions.binding import is_demanded_axis
from nncli.network.functions.signatures import overloads_of, takes_tensor, takes_tensors
from nncli.network.items.finishing import INITIALISERS
from nncli.network.items.inflows import forward_inputs
from nncli.network.items.parametrizing import PARAMETRIZATIONS
from nncli.network.layers.records import PADDING_MASKS, VALID_MASKS
from nncli.network.layers.torch_layers import BATCH_FIRST, expected_ranks, expected_shape, inferred_names
from nncli.objectives.losses import form_of, probabilities_of, why_unfit
from nncli.training.optimizers import optimizer_classes
from nncli.training.rate_formulas import FORMULAS
from nncli.training.schedule_calls import scheduler_classes

_TARGETS: Final[Mapping[str, str]] = {
    "index": "the number of its class",
    "sign": "-1 or 1",
    "values": "columns of numbers",
}
# Inputs that may be left out; what is not named here is no value of the network, or seldom one.
_OPTIONAL: Final[Mapping[str, str]] = {
    "attn_mask": "if you like: added to the scores, or true where no step may look",
    "hx": "if you like: the state to begin with",
    "src_mask": "if you like: added to the scores, or true where no step may look",
    "tgt_mask": "the same for tgt",
}
# In layers of nncli true means what it means in a padding mask.
_OPTIONAL_OF_OURS: Final = {"attn_mask": "if you like: added to the scores, or true where a step may look"}
# What every call of a kind gets from nncli.
FILLED: Final = frozenset({"tensor", "generator", "module"})


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of things that torch offers: its name, where an example stands, and what there is."""

    name: str
    example: str
    offered: Callable[[], Mapping[str, Callable[..., Any]]]


def functions() -> Mapping[str, Callable[..., Any]]:
    """Finds the functions of tensors in the installed torch."""
    found = {}
    for name in function_names():
        homes = (nn.functional, torch, torch.Tensor)
        same = [getattr(home, name) for home in homes if callable(getattr(home, name, None))]
        if same:
            # torch has some of them in several places, and explains them in one.
            found[name] = next((each for each in same if each.__doc__), same[0])
    return found


def initialisers() -> Mapping[str, Callable[..., Any]]:
    """Names every function of torch.nn.init that fills a tensor."""
    return {name: getattr(nn.init, name) for name in sorted(INITIALISERS)}


def parametrizations() -> Mapping[str, Callable[..., Any]]:
    """Names the norms that weights may go through."""
    return PARAMETRIZATIONS


def image_changes() -> Mapping[str, Callable[..., Any]]:
    """Names what `augment:` of images may do."""
    return {**TRANSFORMS, **MIXERS}


def sound_changes() -> Mapping[str, Callable[..., Any]]:
    """Names what `augment:` of sounds may do."""
    return WAVE_CHANGES


_AUGMENT: Final = "data:\n  inputs: {%s: {type: %s, augment: [%%s]}}\n"
KINDS: Final = (
    Kind("layer of torch.nn", "", layer_classes),
    Kind("loss of torch.nn", "training:\n  loss: %s\n", loss_classes),
    Kind("optimiser of torch.optim", "training:\n  optimizer: %s\n", optimizer_classes),
    Kind("scheduler of torch.optim", "training:\n  schedule: %s\n", scheduler_classes),
    Kind("initialiser of torch.nn.init", "- Linear: 10\n  init: %s\n", initialisers),
    Kind(
        "norm of weights of torch.nn.utils.parametrizations",
        "- Linear: 10\n  parametrize: %s\n",
        parametrizations,
    ),
    Kind("change of images, as in torchvision", _AUGMENT % ("photo", "image"), image_changes),
    Kind("change of sounds, as in audiomentations", _AUGMENT % ("sound", "audio"), sound_changes),
    Kind("function of tensors", "", functions),
)


def explain_offers(word: str) -> Iterator[Explanation]:
    """Explains a layer, loss, optimiser, scheduler, initialiser, norm or change by its name."""
    for kind in KINDS:
        target = kind.offered().get(word)
        if target is None:
            continue
        if kind.offered is layer_classes:
            assert isinstance(target, type)
            yield _explain_layer(word, target)
        elif kind.offered is functions:
            yield _explain_function(word, target)
        else:
            facts = tuple(_facts_of_loss(word, target)) if kind.offered is loss_classes else ()
            arguments = arguments_of(target)
            yield Explanation(word, kind.name, sentence_of(target), facts, arguments, example_of(word))


def example_of(name: str) -> str:
    """Writes how something that torch offers stands in a file; empty where nothing is known."""
    for kind in KINDS:
        target = kind.offered().get(name)
        if target is None:
            continue
        if kind.offered is functions:
            return function_example(name)
        if kind.offered is layer_classes:
            return "\n".join(example_forms(name, target)) + "\n"
        is_unfit = kind.offered is loss_classes and isinstance(target, type) and why_unfit(name, target)
        return "" if is_unfit else kind.example % _call(name, target)
    return ""


def _explain_layer(name: str, kind: type[nn.Module]) -> Explanation:
    facts = [("takes in", expected_shape(name))] if expected_ranks(name) else []
    facts += [("from", sources)] if (sources := _sources(name, kind)) else []
    shapes = shapes_of(name, example_forms(name, kind)[0])
    if shapes:
        facts.append(("example", f"{shapes[0]} becomes {shapes[1]}"))
    source = "nncli" if kind.__module__.startswith("nncli.") else "torch.nn"
    arguments = arguments_of(kind)
    return Explanation(
        name, f"layer of {source}", sentence_of(kind), tuple(facts), arguments, example_of(name)
    )


def _sources(name: str, kind: type[nn.Module]) -> str:
    """Says what flows into a layer by which name, where that is more than one value."""
    given = {*PADDING_MASKS.get(name, ()), *VALID_MASKS}
    takes = {each: required for each, required in forward_inputs(kind).items() if each not in given}
    named = [each for each, required in takes.items() if required]
    optional = _OPTIONAL_OF_OURS if name in OWN_LAYERS else _OPTIONAL
    named += [f"{each} ({optional[each]})" for each in takes if each in optional]
    return ", ".join(named) if len(named) > 1 else ""


def _explain_function(name: str, target: Callable[..., Any]) -> Explanation:
    overloads = overloads_of(name)
    meanings = meanings_of(target)
    taken: dict[str, list[Parameter]] = {}
    for overload in overloads:
        for each in overload.parameters:
            taken.setdefault(each.name, []).append(each)
    parts = [_of_function(several, target, meanings) for several in taken.values()]
    ways = dict.fromkeys(_call_of(name, overload.parameters) for overload in overloads)
    facts = tuple(("takes", way) for way in ways)
    return Explanation(
        name, "function of tensors", sentence_of(target), facts, tuple(filter(None, parts)), example_of(name)
    )


def _call_of(name: str, parameters: Sequence[Parameter]) -> str:
    texts = (each.name if is_demanded_axis(each) else each.text for each in parameters)
    return f"{name}({', '.join(texts)})"


def _of_function(
    ways: Sequence[Parameter], target: Callable[..., Any], meanings: Mapping[str, str]
) -> Part | None:
    """Says what an argument takes in all ways to call a function; None where it is just a value."""
    numbers = [
        each for each in ways if not takes_tensor(each.annotation) and not takes_tensors(each.annotation)
    ]
    if not numbers:
        return None
    first = numbers[0]
    default = "required" if is_demanded_axis(first) else _default_text(first, target)
    part = _argument(first, default, meanings)
    # Numbers of torch may be truths.
    takes = part.takes.replace("a number or true or false", "a number")
    is_value = len(numbers) < len(ways)
    return replace(part, takes=f"a value, or {takes}" if is_value and takes else takes)


def _facts_of_loss(name: str, kind: type[nn.Module] | Callable[..., Any]) -> Iterator[tuple[str, str]]:
    assert isinstance(kind, type)
    unfit = why_unfit(name, kind)
    if unfit:
        yield "not used", f"{unfit[0]}; use {unfit[1]}"
        return
    yield "target", _TARGETS[form_of(name)]
    probabilities = probabilities_of(name)
    if probabilities:
        yield "probabilities", f"{probabilities} of the output" if probabilities != "as is" else "the output"


def arguments_of(target: Callable[..., Any]) -> tuple[Part, ...]:
    """Lists what a class or function of torch takes from a file, in order."""
    meanings = meanings_of(target)
    return tuple(
        _argument(parameter, _default_text(parameter, target), meanings)
        for parameter in signature_of(target).parameters
        if parameter.name not in FILLED and not meanings.get(parameter.name, "").startswith("deprecated")
    )


def _argument(parameter: Parameter, default: str, meanings: Mapping[str, str]) -> Part:
    text, takes = meanings.get(parameter.name, ""), in_words(parameter.annotation)
    if parameter.name in FORMULAS:
        # torch takes a function there, a file the language's own arithmetic.
        takes, text = "a formula", text.replace("lambda function", "formula").replace("function", "formula")
    # What it is unless given says more than none; a list of words need not stand there twice.
    default = "" if "unless given" in text and default == "none" else default
    return Part(parameter.name, takes, default, "" if text.replace("'", "") == takes else text)


def _default_text(parameter: Parameter, target: Callable[..., Any]) -> str:
    if isinstance(target, type) and parameter.name in inferred_names(target, frozenset()):
        return "from what flows in"
    if parameter.name == "batch_first" and target.__name__ in BATCH_FIRST:
        return "true"
    if parameter.required:
        return "required"
    found, value = default_of(parameter)
    return (
        "none" if found and value is None else written(value) if found else parameter.text.partition("=")[2]
    )


def default_of(parameter: Parameter) -> tuple[bool, Any]:
    """Reads the default of a parameter where a file could write it: whether it could, and the value."""
    try:
        return True, ast.literal_eval(parameter.text.partition("=")[2])
    except (SyntaxError, ValueError):
        return False, None


def _call(name: str, target: Callable[..., Any]) -> str:
    shown = {key: value for key, value in example_arguments(name, target).items() if key not in FILLED}
    if not shown and "lr" in {parameter.name for parameter in signature_of(target).parameters}:
        shown = {"lr": 1e-3}
    arguments = ", ".join(f"{key}: {written(value)}" for key, value in shown.items())
    return f"{{{name}: {{{arguments}}}}}" if arguments else name
