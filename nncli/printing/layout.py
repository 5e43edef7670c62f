"""Where layers stand in a module: their paths as Python writes them, what they share, what is frozen"""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor, nn

from nncli.printing.literals import identifier, literal


def path_of(root: nn.Module, name: str) -> str:
    """Writes where something dotted stands: `self.layers[0].attention`."""
    text, module = "self", root
    for part in name.split("."):
        if is_list(module):
            text += f"[{int(part)}]"
        elif is_dictionary(module):
            text += f"[{literal(part).line()}]"
        else:
            text += f".{identifier(part)}"
        module = getattr(module, part, nn.Module())
    return text


def ties(root: nn.Module) -> Iterator[str]:
    """Writes which weights are shared: the first name owns, every other one is set to it."""
    owners: dict[int, str] = {}
    for name, tensor in _every_tensor(root):
        owner = owners.setdefault(id(tensor), name)
        if owner != name:
            yield f"{path_of(root, name)} = {path_of(root, owner)}"


def _every_tensor(root: nn.Module) -> Iterator[tuple[str, Tensor]]:
    yield from root.named_parameters(remove_duplicate=False)
    yield from root.named_buffers(remove_duplicate=False)


def frozen(root: nn.Module, name: str = "") -> Iterator[str]:
    """Writes what is not trained, by whole modules where all of one is frozen."""
    module = root.get_submodule(name)
    trained = {weight.requires_grad for weight in module.parameters()}
    if trained == {False}:
        yield f"{path_of(root, name) if name else 'self'}.requires_grad_(False)"
    elif trained == {True, False}:
        for key, weight in module._parameters.items():
            if weight is not None and not weight.requires_grad:
                yield f"{path_of(root, f'{name}.{key}'.lstrip('.'))}.requires_grad_(False)"
        for key, child in module._modules.items():
            if child is not None:
                yield from frozen(root, f"{name}.{key}".lstrip("."))


def is_list(module: nn.Module) -> bool:
    """Tells whether a scope holds layers, or learned tensors, under the numbers from 0, and nothing else."""
    keys = _only_keys(module)
    return bool(keys) and keys == [str(index) for index in range(len(keys))]


def is_dictionary(module: nn.Module) -> bool:
    """Tells whether a scope holds layers, or learned tensors, of which some are called by a number."""
    return any(key.isdecimal() for key in _only_keys(module))


def _only_keys(module: nn.Module) -> list[str]:
    """Lists the names of what a scope holds; none where that is of several kinds."""
    kinds = [each for each in (module._parameters, module._buffers, module._modules) if each]
    return list(kinds[0]) if len(kinds) == 1 and kinds[0] is not module._buffers else []
