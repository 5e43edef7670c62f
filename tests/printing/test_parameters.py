from __future__ import annotations

from nncli.network.graph.regions import Region
from nncli.printing.literals import literal
from nncli.printing.parameters import Column, Signature, signature_of_columns
from nncli.printing.recipes import Gap, type_of


def column(name: str, *values: object, required: bool = True, size: bool = False) -> Column:
    gaps = [
        None if value is ... else Gap(name, literal(value), frozenset({type_of(value)}), required, size)
        for value in values
    ]
    return Column(gaps)


def lines(signature: Signature) -> list[str]:
    return [each.line() for each in signature.lines()]


def filled(signature: Signature) -> list[str]:
    return [each.line() for each in signature.codes]


def test_what_is_the_same_is_written_and_the_rest_becomes_a_parameter() -> None:
    found = signature_of_columns([column("kernel_size", 3, 3), column("dilation", 1, 2)], [None, None])
    assert filled(found) == ["3", "dilation"]
    assert lines(found) == ["dilation: int"]


def test_equal_sizes_are_one_parameter_and_other_numbers_are_not() -> None:
    sizes = [column(name, 8, 16, size=True) for name in ("out_channels", "num_features")]
    found = signature_of_columns([*sizes, column("kernel_size", 8, 16)], [None, None])
    assert filled(found) == ["out_channels", "out_channels", "kernel_size"]
    both = [column(name, 8, 16, size=True) for name in ("in_features", "out_features")]
    assert lines(signature_of_columns(both, [None, None])) == ["features: int"]


def test_names_and_defaults_come_from_the_block() -> None:
    regions = [
        Region("a", "conv", "block", arguments={"width": width}, optional=frozenset({"width"}))
        for width in (8, 8, 16)
    ]
    found = signature_of_columns([column("out_channels", 8, 8, 16)], regions)
    assert lines(found) == ["width: int = 8"]


def test_a_default_is_what_most_copies_have_where_the_layer_has_one() -> None:
    usual = column("stride", 1, 1, 2, required=False)
    assert lines(signature_of_columns([usual, column("size", 3, 4, 5)], [None] * 3)) == [
        *("size: int", "stride: int = 1"),
    ]
    assert lines(signature_of_columns([column("stride", 1, 2, 3, required=False)], [None] * 3)) == [
        "stride: int"
    ]


def test_a_copy_without_a_gap_takes_whatever_fits() -> None:
    shortcut = column("in_channels", ..., 16, 32, size=True)
    found = signature_of_columns([column("in_channels", 8, 16, 32, size=True), shortcut], [None] * 3)
    assert filled(found) == ["in_channels", "in_channels"]
    alone = signature_of_columns([column("groups", ..., 2, 4)], [None] * 3)
    assert lines(alone) == ["groups: int = 2"]
    assert alone.parameters[0].gap(0).value.line() == "2"


def test_a_choice_is_false_unless_it_is_made() -> None:
    choice = Column(
        [Gap("shortcut", literal(each), frozenset({"bool"})) for each in (True, False, True)], True
    )
    found = signature_of_columns([choice], [None] * 3)
    assert lines(found) == ["shortcut: bool = False"]


def test_types_of_several_kinds_are_said_together() -> None:
    assert lines(signature_of_columns([column("p", 1, 0.5)], [None, None])) == ["p: float"]
    assert lines(signature_of_columns([column("stride", 1, None)], [None, None])) == ["stride: int | None"]


def test_names_never_hide_what_the_program_binds() -> None:
    found = signature_of_columns(
        [column("input", 1, 2), column("input", 3, 4), column("nn", 5, 6)], [None] * 2
    )
    assert [each.name for each in found.parameters] == ["input_", "input__2", "nn_"]
