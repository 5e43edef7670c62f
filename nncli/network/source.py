"""A compiled network as a Python program: one class that needs torch alone and takes the same weights"""

from __future__ import annotations

import ast
import json
import pprint
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from torch import fx

from nncli.network.compiled import CompiledNetwork
from nncli.network.construction import Layout
from nncli.network.copied_source import Copied, Import, copied_source, import_lines
from nncli.network.flow import Flow, own_functions
from nncli.network.literals import RESERVED, Code, callable_name, literal
from nncli.network.values import shown
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
    module = network.module
    assert isinstance(module, fx.GraphModule)
    layout = Layout(module, network.constructions)
    copied = copied_source([*_own_classes(layout), *own_functions(module.graph)])
    reserved = {*RESERVED, *copied.definitions, *copied.imports}
    class_name = _class_name(name, reserved)
    flow = Flow(module.graph, layout, {*reserved, class_name})
    written = "\n".join(_class(class_name, network, layout, flow))
    needed = ([_GROUP] if "Group(" in written else []) + ([copied.text] if copied.definitions else [])
    parts = [*needed, written, *_documents(documents), _demonstration(class_name, network.inputs, option)]
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
        f"Takes {taken}." if taken else "Takes nothing.",
        f"Needs {packages}. NAME.py being this file, these lines write its weights, and run it on two rows:",
        "",
        f"    nncli export RUN{option} --output NAME.safetensors",
        "    python NAME.py",
        '"""',
        "",
    ]


def _rows(shape: tuple[int, ...]) -> str:
    return shown((2, *shape))


def _own_classes(layout: Layout) -> list[type]:
    kinds = {kind: None for kind, _ in layout.built.values()}
    return [kind for kind in kinds if "." not in callable_name(kind)]


def _class_name(name: str, taken: Iterable[str]) -> str:
    words = re.findall(r"[A-Za-z0-9]+", name)
    found = "".join(word[:1].upper() + word[1:] for word in words)
    if not found[:1].isalpha() or found in set(taken) | {"None", "True", "False"}:
        found = f"Network{found}"
    return found


def _class(name: str, network: CompiledNetwork, layout: Layout, flow: Flow) -> Iterator[str]:
    arguments = ", ".join(["self", *(f"{argument}: Tensor" for argument in flow.arguments)])
    yield f"class {name}(nn.Module):"
    yield '    """The network. Its initial weights are those that torch gives such layers."""'
    yield ""
    yield "    def __init__(self) -> None:"
    yield "        super().__init__()"
    for target, code in layout.statements():
        whole = Code(f"{target} = {code.start}", code.parts, code.end, code.tail)
        yield from _indented(whole.lines(_LINE - 8))
    yield from _indented(layout.ties())
    yield from _indented(layout.frozen())
    yield ""
    results = "Tensor" if _results(network.module) == 1 else "tuple[Tensor, ...]"
    yield f"    def forward({arguments}) -> {results}:"
    yield from _indented(flow.lines())


def _results(module: Any) -> int:
    value = next(node for node in module.graph.nodes if node.op == "output").args[0]
    return len(value) if isinstance(value, (tuple, list)) else 1


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
    rows = ", ".join(_two_rows(given) for given in inputs.values())
    result = Code("print(", (Code("network(", (Code(rows),), ")"),), ")")
    printed = "\n".join(f"        {line}" for line in result.lines(_LINE - 8))
    return f"""\
if __name__ == "__main__":
    from pathlib import Path

    weights = Path(__file__).with_suffix(".safetensors")
    if not weights.exists():
        command = f"nncli export RUN{option} --output {{weights}}"
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
