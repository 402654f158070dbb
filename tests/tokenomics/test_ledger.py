"""The ledger: coins come in by mint, go out by burn, and nothing is lost between."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.errors import InvariantError
from sim.records.run import FlowRow
from sim.tokenomics.ledger import Ledger, exact_sum

ACCOUNTS = ("tao.operators", "tao.validators", "users", "outside")


def opened() -> Ledger:
    ledger = Ledger({"TAO": 9})
    ledger.open("TAO", {"tao.holders": 900, "tao.pool": 100})
    return ledger


def test_genesis_counts_as_minted() -> None:
    ledger = opened()
    assert ledger.minted("TAO") == ledger.supply("TAO") == 1000
    assert ledger.balance("tao.holders", "TAO") == 900


def test_usd_is_always_kept_in_nano_dollars() -> None:
    assert Ledger({"USD": 2, "TAO": 9}).decimals == {"USD": 9, "TAO": 9}


_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["transfer", "mint", "burn"]),
        st.sampled_from(["TAO", "USD"]),
        st.integers(0, 10**30),
        st.sampled_from(ACCOUNTS),
        st.sampled_from(ACCOUNTS),
    ),
    max_size=40,
)


@pytest.mark.long
@settings(max_examples=200, deadline=None)
@given(_STEPS)
def test_any_sequence_of_postings_conserves_both_currencies(steps: list[tuple[str, str, int, str, str]]) -> None:
    ledger = Ledger({"TAO": 9})
    minted, burned = {"TAO": 0, "USD": 0}, {"TAO": 0, "USD": 0}
    for verb, currency, amount, source, target in steps:
        if verb == "transfer":
            ledger.transfer("test", currency, amount, source, target)
        elif verb == "mint":
            ledger.mint("test", currency, amount, target)
            minted[currency] += amount
        else:
            ledger.burn("test", currency, amount, source)
            burned[currency] += amount
    assert ledger.residuals() == {"TAO": 0, "USD": 0}
    for currency in ("TAO", "USD"):
        assert sum(ledger.accounts(currency).values()) == minted[currency] - burned[currency] == ledger.supply(currency)
    broke = any(
        held < 0 and account != "outside"
        for currency in ("TAO", "USD")
        for account, held in ledger.accounts(currency).items()
    )
    if broke:
        with pytest.raises(InvariantError, match="first overdrawn by test"):
            ledger.close("epoch 1")
    else:
        flows = ledger.close("epoch 1")
        assert sum(row.amount for row in flows) == sum(step[2] for step in steps)


@pytest.mark.parametrize("amount", [-1, 1.0, True, "1", None])
def test_an_amount_that_is_no_count_of_base_units_is_refused(amount: object) -> None:
    with pytest.raises(ValueError, match=r"amount .* found; must be"):
        opened().transfer("fee", "TAO", amount, "tao.holders", "users")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["minted", "burned", ""])
def test_coins_neither_appear_nor_vanish_by_transfer(name: str) -> None:
    with pytest.raises(ValueError, match="coins come in by `mint` and go out by `burn`"):
        opened().transfer("fee", "TAO", 1, name, "users")
    with pytest.raises(ValueError, match="coins come in by `mint` and go out by `burn`"):
        opened().transfer("fee", "TAO", 1, "users", name)


def test_an_unknown_currency_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="currency 'FET' found; the ledger keeps TAO, USD"):
        opened().mint("emission", "FET", 1, "users")


def test_the_posting_that_first_overdraws_an_account_is_named() -> None:
    ledger = opened()
    ledger.transfer("fee", "TAO", 901, "tao.holders", "users")
    ledger.transfer("gift", "TAO", 5, "tao.holders", "users")
    with pytest.raises(
        InvariantError, match=r"epoch 3: tao\.holders holds -6 TAO base units; first overdrawn by fee: 901 TAO"
    ):
        ledger.close("epoch 3")


def test_an_account_may_be_negative_inside_an_epoch() -> None:
    ledger = opened()
    ledger.transfer("loan", "TAO", 950, "tao.holders", "users")
    ledger.transfer("back", "TAO", 950, "users", "tao.holders")
    assert [row.reason for row in ledger.close("epoch 1")] == ["genesis", "genesis", "loan", "back"]


@pytest.mark.parametrize("account", ["outside", "tao.outside"])
def test_outside_is_signed(account: str) -> None:
    ledger = opened()
    ledger.transfer("power", "USD", 7, account, "tao.operators")
    ledger.close("epoch 1")
    assert ledger.balance(account, "USD") == -7


def test_a_balance_changed_past_the_books_stops_the_run() -> None:
    ledger = opened()
    ledger.close("epoch 1")
    ledger.transfer("fee", "TAO", 3, "tao.holders", "users")
    ledger._balances["TAO"]["users"] += 1
    with pytest.raises(InvariantError, match=r"epoch 2: balances of TAO sum to \+1 .* last posting: fee: 3 TAO"):
        ledger.close("epoch 2")


def test_flows_sum_by_reason_over_the_run_and_by_epoch() -> None:
    ledger = opened()
    for label in ("epoch 1", "epoch 2"):
        ledger.transfer("fee", "TAO", 10, "tao.holders", "users")
        ledger.transfer("fee", "TAO", 5, "tao.holders", "users")
        ledger.burn("burn", "TAO", 2, "users")
        rows = [row for row in ledger.close(label) if row.reason != "genesis"]
        assert rows == [
            FlowRow("TAO", 9, "fee", "tao.holders", "users", 15),
            FlowRow("TAO", 9, "burn", "users", "burned", 2),
        ]
    assert ledger.flows()[2:] == [
        FlowRow("TAO", 9, "fee", "tao.holders", "users", 30),
        FlowRow("TAO", 9, "burn", "users", "burned", 4),
    ]
    assert ledger.burned("TAO") == 4


def test_a_column_is_posted_once_and_equals_its_account() -> None:
    ledger = opened()
    column = ledger.column("tao.operators", "TAO", 3)
    paid = ledger.post_column("emission", "TAO", "tao.holders", np.array([5, 0, 7]), column)
    drawn = ledger.draw_column("sale", "TAO", "tao.pool", np.array([2, 0, 7]), column)
    burned = ledger.burn_column("burn", "TAO", np.array([1, 0, 0]), column)
    minted = ledger.mint_column("emission", "TAO", np.array([0, 4, 0]), column)
    assert (paid, drawn, burned, minted) == (12, 9, 1, 4)
    assert column.amounts.tolist() == [2, 4, 0]
    assert ledger.balance("tao.operators", "TAO") == 6
    assert ledger.supply("TAO") == 1003
    assert len([row for row in ledger.close("epoch 1") if row.source == "tao.operators"]) == 2


def test_a_column_grows_with_new_members_and_never_shrinks() -> None:
    ledger = opened()
    column = ledger.column("tao.operators", "TAO", 1)
    ledger.post_column("emission", "TAO", "tao.holders", np.array([5]), column)
    assert ledger.column("tao.operators", "TAO", 3) is column
    assert column.amounts.tolist() == [5, 0, 0]
    with pytest.raises(ValueError, match="holds 3 members already"):
        column.grow(2)


@pytest.mark.parametrize(
    "amounts", [np.array([1.0, 2.0]), np.array([1, 2, 3]), np.array([1, -1])], ids=["floats", "too many", "negative"]
)
def test_a_column_refuses_what_is_no_count_for_each_member(amounts: np.ndarray) -> None:
    ledger = opened()
    with pytest.raises(ValueError, match="found; must be"):
        ledger.post_column("emission", "TAO", "tao.holders", amounts, ledger.column("tao.operators", "TAO", 2))


def test_a_member_below_zero_stops_the_run_though_the_account_is_not() -> None:
    ledger = opened()
    column = ledger.column("tao.operators", "TAO", 2)
    ledger.post_column("emission", "TAO", "tao.holders", np.array([5, 5]), column)
    ledger.draw_column("sale", "TAO", "tao.pool", np.array([0, 6]), column)
    with pytest.raises(InvariantError, match=r"member 1 of tao\.operators holds -1 TAO"):
        ledger.close("epoch 1")


def test_a_column_that_disagrees_with_its_account_stops_the_run() -> None:
    ledger = opened()
    column = ledger.column("tao.operators", "TAO", 2)
    ledger.post_column("emission", "TAO", "tao.holders", np.array([5, 5]), column)
    column.amounts[0] += 1
    with pytest.raises(InvariantError, match=r"members of tao\.operators hold 11 TAO base units, the account 10"):
        ledger.close("epoch 1")


def test_a_column_of_another_currency_is_refused() -> None:
    ledger = opened()
    with pytest.raises(ValueError, match=r"USD found; the column of tao\.operators holds TAO"):
        ledger.post_column("fee", "USD", "users", np.array([1]), ledger.column("tao.operators", "TAO", 1))


def test_a_sum_beyond_64_bits_is_exact() -> None:
    assert exact_sum(np.full(5, 2**62, dtype=np.int64)) == 5 * 2**62
