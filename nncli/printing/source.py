"""A compiled network as a Python program: readable classes that take the same weights"""

from __future__ import annotations

import ast
import json
import pprint
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from torch import fx

from nncli.network.beyond_torch.checkpoints import checkpointed
from nncli.network.calls.signatures import signature_of
from nncli.network.compiled import CompiledNetwork, Construction
from nncli.network.graph.regions import Region, has_checkpoints
from nncli.network.graph.values import shown
from nncli.printing.classes import PrintedClass
from nncli.printing.copied_source import Copied, Import, copied_source, import_lines, is_written_anew
from nncli.printing.flow import Flow, own_functions
from nncli.printing.layout import frozen, path_of, ties
from nncli.printing.literals import RESERVED, Code, callable_name, identifier, literal
from nncli.printing.recipes import normed
from nncli.printing.sorting import printed_classes
from nncli.printing.specialising import Use
from nncli.printing.unparsing import definition_lines
from nncli.spec.network_spec import InputSpec

_LINE: Final = 110
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_GROUP: Final = '''\
class Group(nn.Module):
    """Layers and weights under one name."""

    def __init__(self, /, **parts: nn.Module | Tensor) -> None:
        super().__init__()
        for name, part in parts.items():
            setattr(self, name, part)'''
_IMPORTS: Final = MappingProxyType(
    {
        "torch": Import("torch"),
        "nn": Import("torch", "nn"),
        "Tensor": Import("torch", "Tensor"),
        "F": Import("torch.nn.functional", "", "F"),
        "einops": Import("einops"),
        "OrderedDict": Import("collections", "OrderedDict"),
        "spectral_norm": Import("torch.nn.utils.parametrizations", "spectral_norm"),
        "weight_norm": Import("torch.nn.utils.parametrizations", "weight_norm"),
    }
)


@dataclass(frozen=True, slots=True)
class Program:
    """The text of a Python file, and the name of the network's class in it."""

    text: str
    class_name: str


def python_source(
    name: str, network: CompiledNetwork, documents: Mapping[str, str], option: str = ""
) -> Program:
    """Writes a network as a program; every name and number in it was checked.

    `name` is the spec's. `documents` are JSON texts by name, such as `ENCODERS`, that go along as data.
    `option` is what the command that exports its weights has beside the run: ` --network encoder`.
    Raises WeightsError `export-constant-large`; ValueError where a name is none, which is a bug.
    """
    for each in (name, *network.inputs):
        if not _NAME.fullmatch(each):
            raise ValueError(f"{each!r} is no name")
    uses = _uses(network)
    copied = copied_source(uses)
    reserved = {*RESERVED, *copied.definitions, *copied.imports}
    class_name = _class_name(name, reserved)
    classes = printed_classes(_without_options(network, uses), class_name, reserved)
    taken = {*reserved, *(each.name for each in classes)}
    written = ["\n".join(_class(each, network, taken)) for each in classes]
    needed = [_GROUP] if any("Group(" in each for each in written) else []
    needed += [copied.text] if copied.definitions else []
    parts = [*needed, *written, *_documents(documents), _demonstration(class_name, network.inputs, option)]
    body = "\n\n\n".join(parts) + "\n"
    imports = _imports(body, copied)
    packages = "torch and einops" if "import einops" in imports else "torch"
    header = _header(name, network, option, packages)
    return Program("\n".join([*header, *imports, "", "", body]), class_name)


def _header(name: str, network: CompiledNetwork, option: str, packages: str) -> list[str]:
    taken = ", ".join(f"{key} {_rows(given.shape)}" for key, given in network.inputs.items())
    return [
        f'"""{name}: a network of {network.parameters():,} parameters in PyTorch, written by nncli.',
        "",
        *textwrap.wrap(f"Takes {taken or 'nothing'}.", _LINE),
        f"Needs {packages}. NAME.py being this file, these lines write its weights, and run it on two rows:",
        "",
        f"    nncli export RUN{option} --output NAME.safetensors",
        "    python NAME.py",
        '"""',
        "",
    ]


def _rows(shape: tuple[int, ...]) -> str:
    return shown((2, *shape))


def _uses(network: CompiledNetwork) -> dict[Any, Use]:
    """Finds the classes and functions of a network that torch does not have, and what is done with them."""
    uses: dict[Any, Use] = {}
    for made in network.constructions.values():
        if "." not in callable_name(made.kind):
            signature = signature_of(made.kind)
            optional = frozenset(each.name for each in signature.parameters if not each.required)
            uses.setdefault(made.kind, Use(optional)).made.append(made.arguments)
    if has_checkpoints(network.module):
        uses[checkpointed] = Use()
    for target in own_functions(network.module.graph):
        uses[target] = Use()
    for node in network.module.graph.nodes:
        is_layer = node.op == "call_module" and node.target in network.constructions
        target = network.constructions[node.target].kind if is_layer else node.target
        if (is_layer or node.op == "call_function") and target in uses:
            positions = tuple(value is not None for value in node.args)
            keywords = {name: value is not None for name, value in node.kwargs.items()}
            uses[target].calls.append((positions, keywords))
    return uses


def _without_options(network: CompiledNetwork, uses: Mapping[Any, Use]) -> CompiledNetwork:
    """Leaves out the arguments that the layers of the program do not take any more."""
    anew = (target for target in uses if isinstance(target, type) and is_written_anew(target))
    dropped = {target: uses[target].dropped() for target in anew}
    built = {
        name: Construction(
            kind, {key: arguments[key] for key in arguments if key not in dropped.get(kind, ())}, norms
        )
        for name, (kind, arguments, norms) in network.constructions.items()
    }
    return replace(network, constructions=built)


def _class_name(name: str, taken: Iterable[str]) -> str:
    words = re.findall(r"[A-Za-z0-9]+", name)
    found = "".join(word[:1].upper() + word[1:] for word in words)
    if not found[:1].isalpha() or found in set(taken) | {"None", "True", "False"}:
        found = f"Network{found}"
    return found


def _class(printed: PrintedClass, network: CompiledNetwork, reserved: Iterable[str]) -> Iterator[str]:
    part = printed.part
    module = network.module.get_submodule(part.name)
    flow = Flow(part.graph, module, reserved)
    yield f"class {printed.name}(nn.Module):"
    yield f'    """{_about(part.region)}"""'
    yield ""
    parameters = (Code("self"), *printed.signature.lines())
    yield from definition_lines("def __init__(", parameters, ") -> None:", " " * 4)
    yield "        super().__init__()"
    for name, code in printed.statements:
        yield from _indented(_assignment(f"self.{identifier(name)} = ", code))
    if part.region is None:
        yield from _indented(ties(module))
        yield from _indented(_inner_norms(network))
        yield from _indented(frozen(module))
    yield ""
    arguments = (Code("self"), *(Code(f"{each}: Tensor") for each in flow.arguments))
    results = f") -> {_results(part.graph)}:"
    yield from definition_lines("def forward(", arguments, results, " " * 4)
    yield from _indented(flow.lines())


def _inner_norms(network: CompiledNetwork) -> Iterator[str]:
    """Writes the norms of weights that are inside of layers."""
    for name, made in network.constructions.items():
        for norm in made.norms:
            if norm.part:
                yield normed(Code(path_of(network.module, f"{name}.{norm.part}")), norm).line()


def _about(region: Region | None) -> str:
    if region is None:
        return "The network. Its initial weights are those that torch gives such layers."
    if region.form in ("block", "network"):
        return f"The {region.form} {region.kind}."
    return f"The layers of {region.kind}."


def _assignment(start: str, code: Code) -> list[str]:
    # A choice stands in parentheses only where it takes several lines.
    bare = f"{start}{code.line()[1:-1]}"
    if code.start == "(" and code.tail and len(bare) <= _LINE - 8:
        return [bare]
    return Code(start + code.start, code.parts, code.end, code.tail).lines(_LINE - 8)


def _results(graph: fx.Graph) -> str:
    value = next(node for node in graph.nodes if node.op == "output").args[0]
    count = len(value) if isinstance(value, (tuple, list)) else 1
    return "Tensor" if count == 1 else f"tuple[{', '.join(['Tensor'] * count)}]"


def _indented(lines: Iterable[str]) -> Iterator[str]:
    yield from (f"        {line}" if line else "" for line in lines)


def _documents(documents: Mapping[str, str]) -> Iterator[str]:
    """Writes JSON as Python data, text by `repr` alone."""
    for name, text in documents.items():
        value = json.loads(text, parse_constant=str)
        shown_value = pprint.pformat(value, width=_LINE - 4, sort_dicts=False, compact=True)
        yield (
            f"{name} = {shown_value}"
            if "\n" not in shown_value
            else f"{name} = (\n{_shifted(shown_value)}\n)"
        )


def _shifted(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.split("\n"))


def _demonstration(class_name: str, inputs: Mapping[str, InputSpec], option: str) -> str:
    rows = tuple(Code(_two_rows(given)) for given in inputs.values())
    result = Code("print(", (Code("network(", rows, ")"),), ")")
    printed = "\n".join(f"        {line}" for line in result.lines(_LINE - 8))
    return f"""\
if __name__ == "__main__":
    from pathlib import Path

    weights = Path(__file__).with_suffix(".safetensors")
    if not weights.exists():
        command = f"nncli export RUN{option} --output '{{weights}}'"
        raise SystemExit(f"There are no weights yet; this writes them: {{command}}")
    try:
        from safetensors.torch import load_model
    except ImportError:
        raise SystemExit("The weights are read by safetensors: pip install safetensors") from None
    network = {class_name}().eval()
    load_model(network, weights)
    with torch.no_grad():
{printed}"""


def _two_rows(given: InputSpec) -> str:
    sizes = (2, *given.shape)
    if given.type in ("index", "category"):
        return f"torch.randint({given.vocabulary or 2}, {literal(sizes).line()})"
    if str(given.type) == "mask":
        return f"torch.ones({literal(sizes).line()}, dtype=torch.bool)"
    return f"torch.randn({', '.join(map(str, sizes))})"


def _imports(body: str, copied: Copied) -> list[str]:
    """Writes the imports of every name that the program uses and does not make itself."""
    used = {node.id for node in ast.walk(ast.parse(body)) if isinstance(node, ast.Name)}
    known = {**copied.imports, **_IMPORTS}
    late = ["from __future__ import annotations", ""] if copied.has_late_annotations else []
    return late + import_lines(each for name, each in known.items() if name in used)
