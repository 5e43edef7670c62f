from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nncli.data.stretches import parts_by_position, text_samples


def samples(counts: list[int], length: int, stride: int) -> list[tuple[int, int]]:
    documents, firsts = text_samples(counts, length, stride)
    return list(zip(documents.tolist(), firsts.tolist(), strict=True))


def test_stretches_stand_side_by_side_and_the_last_one_ends_with_the_text() -> None:
    assert samples([12], 4, 4) == [(0, 0), (0, 4), (0, 8)]
    assert samples([13], 4, 4) == [(0, 0), (0, 4), (0, 8), (0, 9)]
    assert samples([4], 4, 4) == [(0, 0)]


def test_a_stride_lets_them_overlap_or_leaves_gaps() -> None:
    assert samples([8], 4, 2) == [(0, 0), (0, 2), (0, 4)]
    assert samples([20], 2, 8) == [(0, 0), (0, 8), (0, 16)]


def test_documents_keep_to_themselves() -> None:
    assert samples([5, 3, 0, 4], 4, 4) == [(0, 0), (0, 1), (3, 0)]
    assert samples([], 4, 4) == samples([3], 4, 4) == []


@given(st.lists(st.integers(0, 60), max_size=5), st.integers(1, 12), st.integers(1, 12))
def test_every_token_of_a_long_enough_document_is_in_a_sample(
    counts: list[int], length: int, stride: int
) -> None:
    stride = min(stride, length)
    seen = {
        (document, first + step)
        for document, first in samples(counts, length, stride)
        for step in range(length)
    }
    assert seen == {(n, at) for n, count in enumerate(counts) if count >= length for at in range(count)}


def test_a_text_is_divided_by_position() -> None:
    assert parts_by_position(1_115_394, {"validation": 0.1}) == {
        "train": (0, 1_003_854),
        "validation": (1_003_854, 1_115_394),
    }
    assert parts_by_position(10, {"validation": 0.15, "test": 0.15}) == {
        "train": (0, 7),
        "validation": (7, 8),
        "test": (8, 10),
    }
    assert parts_by_position(10, {"test": 0.3}) == {"train": (0, 7), "test": (7, 10)}
    assert parts_by_position(10, {"validation": 4.0}) == {"train": (0, 6), "validation": (6, 10)}
    assert parts_by_position(10, {}) == {"train": (0, 10)}


@given(st.integers(0, 1000), st.sampled_from([0.0, 0.1, 0.15, 0.3]), st.sampled_from([0.0, 0.1, 0.15, 0.3]))
def test_parts_follow_one_another_and_are_the_whole(count: int, validation: float, test: float) -> None:
    parts = parts_by_position(count, {"validation": validation, "test": test})
    ends = [0, *(end for _, end in parts.values())]
    assert [first for first, _ in parts.values()] == ends[:-1]
    assert ends[-1] == count
    assert list(parts) == [
        n for n, share in (("train", 1), ("validation", validation), ("test", test)) if share
    ]
