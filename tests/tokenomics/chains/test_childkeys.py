"""Child keys: parents are paid by what they brought, and no dividend pays more than it is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sim.tokenomics.chains.bittensor.childkeys import (
    LARGEST_TAKE,
    WHOLE,
    Parent,
    share_dividend,
    stake_kept,
    stake_lent,
)

ONE = 1 << 32
STAKE = st.integers(0, 10**16)
PARENT = st.builds(Parent, STAKE, STAKE, st.integers(0, WHOLE), st.booleans())


@given(
    dividend=st.integers(0, 10**13), own=STAKE, parents=st.lists(PARENT, max_size=6), take=st.integers(0, LARGEST_TAKE),
    burned=st.integers(0, ONE // 2),
)  # fmt: skip
def test_a_dividend_is_divided_and_nothing_made(
    dividend: int, own: int, parents: list[Parent], take: int, burned: int
) -> None:
    paid = share_dividend(dividend, own, parents, ONE * 18 // 100, take, burned)
    left = dividend - sum(paid.parents) - paid.child - paid.recycled
    # A rao for each part that was rounded down.
    assert 0 <= left <= 2 * len(parents) + 1
    assert min([*paid.parents, paid.child, paid.recycled]) >= 0


def test_parents_are_paid_by_what_they_lent_and_the_child_takes_its_part_of_others() -> None:
    # Own 100; a parent lends half of 200, another all of 100 and belongs to the same owner: a third each.
    parents = [Parent(200, 0, WHOLE // 2 + 1), Parent(100, 0, WHOLE, same_owner=True)]
    paid = share_dividend(3000, 100, parents, 0, LARGEST_TAKE)
    # 18 % of the first parent's 1000 stay with the child.
    assert paid.parents[0] in (819, 820)
    assert paid.parents[1] in (999, 1000)
    assert paid.child in (1179, 1180, 1181)


def test_tao_on_root_counts_by_its_weight() -> None:
    assert stake_lent(Parent(0, 1000, WHOLE), ONE // 2) == 500 << 32
    assert stake_kept(1000, 1000, [WHOLE // 4], ONE // 2) == 1125
    assert stake_kept(1000, 0, [WHOLE, WHOLE], ONE) == 0
