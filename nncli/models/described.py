"""What a weights file says of itself: its spec, networks, encoders and outputs, written and read"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import torch

from nncli.columns.encoders import Encoders
from nncli.errors import NncliError
from nncli.messages.catalogue import failure
from nncli.network.compiled import CompiledNetwork
from nncli.preparing.own_code import CODE_KEY, NO_CODE, OwnCode
from nncli.preparing.prepared import Prepared
from nncli.pretrained.own_layers import layer_records
from nncli.runs.layer_record import LAYERS_KEY, layers_text
from nncli.runs.weights_file import WeightsFile
from nncli.spec.opening import parse_spec
from nncli.spec.schema import LossTerm
from nncli.spec.spec import Origin, Spec
from nncli.spec.writing import as_tree

NETWORKS_KEY: Final = "nncli.networks"
"""Lists the networks whose tensors are in the file, each below its name; absent for one without a prefix."""

_SPEC_KEY: Final = "nncli.spec"
_ENCODERS_KEY: Final = "nncli.encoders"
_OUTPUTS_KEY: Final = "nncli.outputs"
# Source: c-printable and b-char of YAML 1.1, which libyaml reads by.
_NOT_YAML: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def describe(
    spec: Spec,
    networks: Mapping[str, CompiledNetwork],
    encoders: Encoders | None,
    code: OwnCode = NO_CODE,
) -> dict[str, str]:
    """Writes the metadata of a weights file: spec, encoders and outputs, as JSON; without data the spec.

    `networks` are those whose tensors the file holds: one, which is the first of the spec, or several.
    Data paths that are absolute keep their last part only: the file may go to other machines.
    """
    records = {
        f"{name}.{layer}" if len(networks) > 1 else layer: record
        for name, network in networks.items()
        for layer, record in layer_records(network).items()
    }
    described = {
        LAYERS_KEY: layers_text(records),
        "nncli.torch": torch.__version__,
        _SPEC_KEY: _json_text(as_tree(replace(spec, data=_without_folders(spec)))),
    }
    if len(networks) > 1:
        described[NETWORKS_KEY] = _json_text(list(networks))
    if used := code.used_by(networks.values()):
        described[CODE_KEY] = _json_text({file.path.name: file.digest for file in used})
    if encoders is None:
        return described
    described[_ENCODERS_KEY] = _json_text(encoders.to_json())
    if spec.training is not None and spec.training.loss:
        described[_OUTPUTS_KEY] = _json_text(_outputs(encoders, spec.training.loss))
    return described


def describe_trained(prepared: Prepared) -> dict[str, str]:
    """Writes the metadata for what is trained: the only network, the first, or all that are updated."""
    trained = prepared.networks if prepared.updates else dict(list(prepared.networks.items())[:1])
    encoders = prepared.data.encoders if prepared.data else None
    return describe(prepared.spec, trained, encoders, prepared.code)


def _outputs(encoders: Encoders, losses: Sequence[LossTerm]) -> list[dict[str, object]]:
    """Describes each target, with the first of its losses."""
    own = {term.target: term.loss.name for term in reversed(losses)}
    return [
        {
            "target": target.name,
            "kind": target.type,
            "classes": list(target.classes),
            "unit": None,
            "loss": own.get(target.name, losses[0].loss.name),
        }
        for target in encoders.targets().values()
    ]


def _json_text(document: object) -> str:
    """Writes JSON that is YAML too: what YAML refuses or takes for the end of a line is escaped."""
    text = json.dumps(document, ensure_ascii=False)
    return _NOT_YAML.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _without_folders(spec: Spec) -> Any:
    data = spec.data
    if data is None:
        return None
    files = {"train": data.train, "validation": data.validation, "test": data.test}
    short = {key: Path(file).name for key, file in files.items() if file and Path(file).is_absolute()}
    return data.model_copy(update=short)


def read_spec_of(weights: WeightsFile, path: Path) -> Spec:
    """Reads the spec in a weights file. Raises WeightsError `weights-metadata`."""
    text = weights.metadata.get(_SPEC_KEY, "")
    try:
        return parse_spec(text, Origin(f"{path}: {_SPEC_KEY}", path.parent, text), stem=path.stem)
    except NncliError as error:
        raise failure("weights-metadata", file=str(path), key=_SPEC_KEY) from error


def read_encoders(weights: WeightsFile, spec: Spec, path: Path) -> Encoders | None:
    """Reads the encoders of a weights file; None where its spec has no data.

    Raises WeightsError `weights-metadata`, DataError `encoders-invalid`.
    """
    return None if spec.data is None else Encoders.from_json(_document(weights, _ENCODERS_KEY, path))


def read_held(weights: WeightsFile, known: Iterable[str], path: Path) -> tuple[str, ...]:
    """Names the networks that a weights file holds: several, or the first of those that are `known`.

    Raises WeightsError `weights-metadata`.
    """
    names = list(known)
    if NETWORKS_KEY not in weights.metadata:
        return tuple(names[:1])
    held = _document(weights, NETWORKS_KEY, path)
    if not isinstance(held, list) or len(held) < 2 or not all(name in names for name in held):
        raise failure("weights-metadata", file=str(path), key=NETWORKS_KEY)
    return tuple(held)


def read_recorded_code(weights: WeightsFile, path: Path) -> dict[str, str]:
    """Reads which files of `--code` a network was made with, name to sha256.

    Raises WeightsError `weights-metadata`.
    """
    if CODE_KEY not in weights.metadata:
        return {}
    found = _document(weights, CODE_KEY, path)
    if not isinstance(found, dict) or not all(isinstance(digest, str) for digest in found.values()):
        raise failure("weights-metadata", file=str(path), key=CODE_KEY)
    return found


def _document(weights: WeightsFile, key: str, path: Path) -> Any:
    try:
        return json.loads(weights.metadata[key])
    except (KeyError, ValueError, RecursionError) as error:
        raise failure("weights-metadata", file=str(path), key=key) from error
