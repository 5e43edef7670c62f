from __future__ import annotations

import pytest

from nncli.errors import WeightsError
from nncli.pretrained.moves import Layers
from nncli.pretrained.planning import plan_weights
from nncli.runs.layer_record import LayerRecord
from tests.pretrained.files import planned, said, spec_of


def test_equal_names_need_no_words() -> None:
    plan = planned({"a.weight": (2, 3)}, {"a.weight": (2, 3)})
    assert plan.warnings() == [] and plan.report.loaded == ("a.weight",)


def test_missing_tensors_are_an_error_with_a_line_to_type() -> None:
    wanted = {f"layers.{number}.query.weight": (4, 4) for number in range(7)}
    available = {f"bert.encoder.layer.{number}.self.query.weight": (4, 4) for number in range(7)}
    plan = planned(wanted, available)
    missing, left_over = said(plan)
    assert missing.startswith("error: x.safetensors lacks 7 tensors of the network: layers.0.query.weight")
    assert "and 2 more" in missing
    assert 'rename: {"bert.encoder.layer.*.self.": "layers.*."}' in missing
    assert left_over.startswith("warning: nothing in the network takes 7 tensors of x.safetensors: bert")
    with pytest.raises(WeightsError):
        plan.warnings()
    assert planned(wanted, available, 'rename: {"bert.encoder.layer.*.self.": "layers.*."}').problems == ()


def test_skip_leaves_tensors_of_the_network_as_they_are() -> None:
    wanted, available = {"a": (1,), "head.weight": (10, 4)}, {"a": (1,), "fc.weight": (1000, 4)}
    (missing, _) = said(planned(wanted, available))
    assert 'skip: ["head.*"]' in missing
    plan = planned(wanted, available, 'skip: ["head.*", "fc.*"]')
    assert plan.problems == () and plan.report.loaded == ("a",) and plan.report.skipped == ("fc.weight",)


def test_an_entry_that_comes_too_late_is_all_that_is_said() -> None:
    wanted = {"layers.0.weight": (4, 4), "final.weight": (4,)}
    available = {"encoder.0.weight": (4, 4), "encoder.norm.weight": (4,)}
    (line,) = said(planned(wanted, available, 'rename: {"encoder.": "layers.", "encoder.norm.": "final."}'))
    assert line == (
        "error: `encoder.norm.` below `rename:` comes too late: `encoder.` above it has made "
        "`layers.norm.weight` of `encoder.norm.weight`. "
        "entries work from top to bottom: put `encoder.norm.` above `encoder.`"
    )
    narrow_first = 'rename: {"encoder.norm.": "final.", "encoder.": "layers."}'
    assert planned(wanted, available, narrow_first).problems == ()


def test_a_tensor_that_is_renamed_away_is_said_to_be_there() -> None:
    shapes = {"a.weight": (4, 4), "head.weight": (2, 4)}
    wanted = {"enc.a.weight": (4, 4), "head.weight": (2, 4)}
    (line,) = said(planned(wanted, shapes, 'rename: {"*": "enc.*"}'))
    assert "`head.weight` is in the file, but `*` below `rename:` makes `enc.head.weight` of it" in line


def test_an_entry_is_proposed_for_the_names_that_those_above_it_make() -> None:
    wanted = {"layers.0.q.weight": (4, 4), "layers.1.q.weight": (4, 4)}
    available = {"enc.layer.0.query.weight": (4, 4), "enc.layer.1.query.weight": (4, 4)}
    plan = planned(wanted, available, 'rename: {"enc.layer.": "layers."}')
    assert 'rename: {"layers.*.query.": "layers.*.q."}' in said(plan)[0]
    assert plan.report.proposals[0].stored == "enc.layer.0.query.weight"


def test_an_entry_for_what_is_skipped_says_so() -> None:
    words = 'rename: {"b.": "a.", "c.": "h."}\nskip: ["c.*"]'
    (line,) = said(planned({"a.weight": (2,)}, {"b.weight": (2,), "c.weight": (2,)}, words))
    assert line == (
        "error: `c.` below `rename:` matches no tensor of the file. "
        "`c.weight` is like it, and `skip:` leaves that out"
    )


def test_skip_by_the_name_in_the_network() -> None:
    plan = planned(
        {"head.weight": (10, 4)}, {"fc.weight": (9, 4)}, 'rename: {"fc.": "head."}\nskip: ["head.*"]'
    )
    assert plan.problems == () and plan.report.skipped == ("fc.weight",)


def test_wrong_shapes_are_an_error() -> None:
    (line,) = said(planned({"fc.weight": (10, 4)}, {"fc.weight": (1000, 4)}))
    assert "fc.weight ([1000, 4] in the file, [10, 4] in the network)" in line
    assert 'skip: ["fc.*"]' in line


def test_ones_at_the_start_of_a_shape_do_not_matter() -> None:
    plan = planned(
        {"position.weight": (17, 8), "cls": (1, 1, 8)}, {"position.weight": (1, 17, 8), "cls": (8,)}
    )
    assert plan.problems == () and plan.report.loaded == ("position.weight", "cls")
    (line,) = said(planned({"a": (17, 8)}, {"a": (17, 1, 8)}))
    assert "a ([17, 1, 8] in the file, [17, 8] in the network)" in line


def test_a_transposed_matrix_is_told_from_another_size() -> None:
    wanted = {"a.0.mlp.c_fc.weight": (16, 4), "a.1.mlp.c_fc.weight": (16, 4), "a.0.mlp.c_fc.bias": (16,)}
    available = {**wanted, "a.0.mlp.c_fc.weight": (4, 16), "a.1.mlp.c_fc.weight": (4, 16)}
    (line,) = said(planned(wanted, available))
    assert 'transpose: ["*.c_fc.weight"]' in line
    assert planned(wanted, available, 'transpose: ["*.c_fc.weight"]').problems == ()


def test_left_over_tensors_are_a_warning_for_a_whole_network_only() -> None:
    wanted, available = {"weight": (2,)}, {"wte.weight": (2,), "wpe.weight": (3,)}
    spec = spec_of('rename: {"wte.": ""}')
    whole = plan_weights(wanted, available, spec)
    assert [each.code for each in whole.warnings()] == ["tensors-left-over"]
    layer = plan_weights(wanted, available, spec, is_whole=False)
    assert layer.warnings() == [] and layer.report.left_over == ("wpe.weight",)


def test_counts_of_batches_may_be_missing() -> None:
    wanted = {"norm.running_mean": (2,), "norm.num_batches_tracked": ()}
    assert planned(wanted, {"norm.running_mean": (2,)}).problems == ()


def _layers(*names: str, operation: str = "Linear") -> dict[str, LayerRecord]:
    return {name: LayerRecord(operation, 4 + 5 * number) for number, name in enumerate(names)}


def test_a_layer_that_moved_is_named_and_nothing_else_is_said() -> None:
    stored = {"linear.weight": (8, 4), "linear_2.weight": (3, 8)}
    wanted = {"linear.weight": (8, 4), "linear_2.weight": (8, 8), "linear_3.weight": (3, 8)}
    layers = Layers(_layers("linear", "linear_2"), _layers("linear", "linear_2", "linear_3"))
    (line,) = said(planned(wanted, stored, layers=layers))
    assert line == (
        "error: `linear_2` of this file is now `linear_3` (line 14). "
        "give it a name: `name: linear_2` beside it on line 14"
    )


def test_what_a_move_does_not_explain_is_said_beside_it() -> None:
    stored = {"linear.weight": (8, 4), "linear_2.weight": (3, 8)}
    wanted = {
        "linear.weight": (8, 4),
        "linear_2.weight": (8, 8),
        "linear_3.weight": (3, 8),
        "norm.bias": (3,),
    }
    layers = Layers(_layers("linear", "linear_2"), _layers("linear", "linear_2", "linear_3", "norm"))
    codes = [each.code for each in planned(wanted, stored, layers=layers).problems]
    assert codes == ["tensors-moved", "tensors-missing"]


def test_a_layer_that_moved_and_is_renamed_is_no_problem() -> None:
    stored = {"linear.weight": (8, 4), "linear_2.weight": (3, 8)}
    wanted = {"linear.weight": (8, 4), "linear_2.weight": (8, 8), "linear_3.weight": (3, 8)}
    layers = Layers(_layers("linear", "linear_2"), _layers("linear", "linear_2", "linear_3"))
    words = 'rename: {"linear_2.": "linear_3."}\nskip: ["linear_2.*"]'
    assert [each.code for each in planned(wanted, stored, words, layers).problems] != ["tensors-moved"]
