import threading
from collections.abc import Iterator

import pytest

from nncli.cores import usable_cores, worked


@pytest.mark.parametrize("at_once", [False, True])
def test_results_come_in_order_and_items_are_taken_only_a_few_ahead(at_once: bool) -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(50):
            taken.append(number)
            yield number

    found = []
    for item, result in worked(lambda number: number * number, items(), at_once=at_once):
        found.append((item, result()))
        assert len(taken) - len(found) <= 5
    assert found == [(number, number * number) for number in range(50)]


def test_an_error_comes_where_its_result_is_asked_for() -> None:
    results = worked(lambda number: 1 // number, [1, 0, 1], at_once=True)
    assert next(results)[1]() == 1
    with pytest.raises(ZeroDivisionError):
        next(results)[1]()
    assert next(results)[1]() == 1


@pytest.mark.skipif(usable_cores() < 2, reason="one core")
def test_several_are_worked_on_at_once() -> None:
    both = threading.Barrier(2, timeout=30)
    assert [result() for _, result in worked(lambda _: both.wait() >= 0, range(2), at_once=True)] == [
        True
    ] * 2
