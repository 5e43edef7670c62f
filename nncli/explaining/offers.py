"""What torch offers to a spec, by kinds, from signatures and the first sentence torch says of each."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import nn, optim

from nncli.explaining.annotations import in_words
from nncli.explaining.examples import FUNCTION_EXAMPLES, example_arguments, example_forms, shapes_of
from nncli.explaining.explanations import Explanation, Part
from nncli.explaining.words import function_names, written
from nncli.network.layers import BATCH_FIRST, expected_ranks, expected_shape, inferred_names
from nncli.network.signatures import Parameter, layer_classes, loss_classes, signature_of
from nncli.spec.keys import find_keys
from nncli.training.losses import form_of, probabilities_of, why_unfit
from nncli.training.optimizers import optimizer_classes

# Schedulers that take functions or other schedulers, which no file can write.
_NOT_WRITTEN: Final = frozenset(
    {"ChainedScheduler", "LambdaLR", "LRScheduler", "MultiplicativeLR", "SequentialLR"}
)
_TARGETS: Final[Mapping[str, str]] = {
    "index": "the number of its class",
    "sign": "-1 or 1",
    "values": "columns of numbers",
}
# What every call of a kind gets from nncli.
FILLED: Final = frozenset({"tensor", "generator", "optimizer", "last_epoch"})
_MATH: Final = re.compile(r":\w+:`~?(?:[\w.]*\.)?([^`]*)`")
_LATEX: Final = re.compile(r"\\(?:text|mathrm|log|exp)?(?:\{([^}]*)\})?")


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


def schedulers() -> Mapping[str, Callable[..., Any]]:
    """Names every scheduler of torch that a file can write; none where training has no key for them."""
    if not find_keys("training.schedule"):
        return {}
    found = optim.lr_scheduler
    kinds = {name: getattr(found, name) for name in dir(found) if name not in _NOT_WRITTEN}
    return {
        name: kind
        for name, kind in kinds.items()
        if isinstance(kind, type) and issubclass(kind, found.LRScheduler) and not name.startswith("_")
    }


def initialisers() -> Mapping[str, Callable[..., Any]]:
    """Names every function of torch.nn.init that fills a tensor."""
    return {
        name: getattr(nn.init, name)
        for name in dir(nn.init)
        if name.endswith("_") and not name.startswith("_")
    }


KINDS: Final = (
    Kind("layer of torch.nn", "", layer_classes),
    Kind("loss of torch.nn", "training:\n  loss: %s\n", loss_classes),
    Kind("optimiser of torch.optim", "training:\n  optimizer: %s\n", optimizer_classes),
    Kind("scheduler of torch.optim", "training:\n  schedule: %s\n", schedulers),
    Kind("initialiser of torch.nn.init", "- Linear: 10\n  init: %s\n", initialisers),
    Kind("function of tensors", "", functions),
)


def explain_offers(word: str) -> Iterator[Explanation]:
    """Explains a layer, loss, optimiser, scheduler or initialiser by its name."""
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
            return FUNCTION_EXAMPLES.get(name, "")
        if kind.offered is layer_classes:
            return "\n".join(example_forms(name, target)) + "\n"
        is_unfit = kind.offered is loss_classes and isinstance(target, type) and why_unfit(name, target)
        return "" if is_unfit else kind.example % _call(name, target)
    return ""


def _explain_layer(name: str, kind: type[nn.Module]) -> Explanation:
    facts = [("takes in", expected_shape(name))] if expected_ranks(name) else []
    shapes = shapes_of(name, example_forms(name, kind)[0])
    if shapes:
        facts.append(("example", f"{shapes[0]} becomes {shapes[1]}"))
    source = "nncli" if kind.__module__.startswith("nncli.") else "torch.nn"
    arguments = arguments_of(kind)
    return Explanation(
        name, f"layer of {source}", sentence_of(kind), tuple(facts), arguments, example_of(name)
    )


def _explain_function(name: str, target: Callable[..., Any]) -> Explanation:
    # torch writes the signatures of functions in C++ into their documentation.
    lines = re.findall(
        rf"^(?:.. function:: )?{name}(\(.*\)) ->", inspect.cleandoc(target.__doc__ or ""), re.M
    )
    if not lines:
        with suppress(TypeError, ValueError):
            lines = [re.sub(r": [^,=)]+|(?:, )?\*$", "", str(inspect.signature(target)).partition(" ->")[0])]
    facts = tuple(("takes", name + re.sub(r", \*, out=None|, out=None", "", line)) for line in lines)
    return Explanation(name, "function of tensors", sentence_of(target), facts, (), example_of(name))


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
        Part(
            parameter.name,
            in_words(parameter.annotation),
            _default_text(parameter, target),
            meanings.get(parameter.name, ""),
        )
        for parameter in signature_of(target).parameters
        if parameter.name not in FILLED
    )


def meanings_of(target: Callable[..., Any]) -> dict[str, str]:
    """Reads what nncli's own layers say of their arguments, below `Args:` in their documentation."""
    if not (getattr(target, "__module__", "") or "").startswith("nncli."):
        return {}
    _, _, listed = inspect.cleandoc(target.__doc__ or "").partition("\nArgs:\n")
    return dict(re.findall(r"^    (\w+): (.*)$", listed, re.M))


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


def sentence_of(target: Callable[..., Any]) -> str:
    """Reads the first sentence that the installed torch says of something; empty where there is none."""
    for paragraph in inspect.cleandoc(target.__doc__ or "").split("\n\n"):
        text = " ".join(paragraph.split())
        # Signatures, notes and drawings come before the first sentence of some.
        if text and not text.startswith(("__init__(", "..", ">>>")) and "->" not in text:
            return _plain(re.split(r"(?<!e\.g)(?<!i\.e)[.:](?= |$)", text)[0])
    return ""


def _plain(text: str) -> str:
    """Takes the marks of reStructuredText and LaTeX out of a sentence."""
    text = _MATH.sub(r"\1", text).replace("\\_", "_").replace("`", "").replace("**", "")
    text = _LATEX.sub(lambda found: found[1] or found[0].lstrip("\\"), text)
    return text[:1].lower() + text[1:] if text[1:2].islower() or text[1:2] == " " else text
