"""The keys of data: and training: by their paths, read from schema.py, each with an example."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from nncli.spec.fields import section_in
from nncli.spec.key_examples import EXAMPLES, TAKES
from nncli.spec.schema import DataSpec, LossTerm, TrainingSpec

SECTIONS: Final[Mapping[str, type[BaseModel]]] = {"data": DataSpec, "training": TrainingSpec}
# Stands for the name of a column in a path.
ANY_NAME: Final = "NAME"


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a section, or a section itself.

    `annotation` and `metadata` are those of its field in schema.py. `default` says nothing where it is
    `required`. `model` is the section that it opens; `keys` names what stands in it.
    """

    path: str
    text: str
    annotation: object
    metadata: tuple[object, ...] = ()
    required: bool = True
    default: object = None
    model: type[BaseModel] | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """The paths of the keys below."""
        if self.model is None or self.model is LossTerm:
            return ()
        return tuple(f"{self.path}.{name}" for name in self.model.model_fields)

    @property
    def takes(self) -> str:
        """What may be written, where the annotation does not say it."""
        return TAKES.get(self.path, "")

    @property
    def example(self) -> str:
        """Keys of a file that show it; those of the section above where it has none of its own."""
        path = self.path
        while path not in EXAMPLES and "." in path:
            path = path.rpartition(".")[0]
        return EXAMPLES[path] + "\n" if path in EXAMPLES else ""


def all_keys() -> Iterator[Key]:
    """Yields every key; columns once, below data.inputs.NAME."""
    for name, model in SECTIONS.items():
        yield from _walk(Key(name, _first_sentence(model), model, model=model))


def _walk(key: Key) -> Iterator[Key]:
    yield key
    if key.model is None or key.model is LossTerm:
        return
    for name, field in key.model.model_fields.items():
        below = _key(f"{key.path}.{name}", field)
        if _is_mapping(field.annotation):
            yield below
            if below.path == "data.inputs":
                column = section_in(field.annotation)
                assert column is not None
                yield from _walk(
                    Key(f"{below.path}.{ANY_NAME}", _first_sentence(column), column, model=column)
                )
        else:
            yield from _walk(below)


def _key(path: str, field: FieldInfo) -> Key:
    opened = None if _is_mapping(field.annotation) else section_in(field.annotation)
    default = field.get_default(call_default_factory=True, validated_data={})
    return Key(
        path=path,
        text=field.description or "",
        annotation=field.annotation,
        metadata=tuple(field.metadata),
        required=field.is_required(),
        default=default,
        model=opened,
    )


def find_keys(word: str) -> list[Key]:
    """Finds keys by a path (`data.split.seed`, `data.inputs.age.missing`) or by its end (`seed`)."""
    known = list(all_keys())
    exact = [key for key in known if key.path == _canonical(word)]
    return exact or [key for key in known if key.path.endswith(f".{word}")]


def _canonical(path: str) -> str:
    """Puts NAME where a column's name stands; targets are columns like inputs."""
    parts = path.split(".")
    if len(parts) > 2 and parts[0] == "data" and parts[1] in ("inputs", "targets"):
        return ".".join(["data", "inputs", ANY_NAME, *parts[3:]])
    return path


def _is_mapping(annotation: Any) -> bool:
    origin = getattr(annotation, "__origin__", None)
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _first_sentence(model: type[BaseModel]) -> str:
    text = (model.__doc__ or "").partition(". ")[0].rstrip(".")
    return text[:1].lower() + text[1:]
