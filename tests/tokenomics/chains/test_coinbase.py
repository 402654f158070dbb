"""A block of the chain: shares by each rule, bounds of injection, alpha set aside, and every rao in its place."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.tokenomics.chains.bittensor import coinbase, dividends, rules
from sim.tokenomics.chains.bittensor.rules import RULES, by_name

pytestmark = pytest.mark.compiled
TAO = 10**9


def world(name: str, seed: int = 1, count: int = 12, block: int = 7200):
    """A chain with `count` subnets of various prices, and all its TAO in its place."""
    draw = np.random.Generator(np.random.PCG64(seed))
    rows = coinbase.subnet_rows(count)
    rows["alpha_in"] = draw.integers(10**14, 4 * 10**15, count)
    rows["tao"] = (rows["alpha_in"] * draw.uniform(0.001, 0.2, count)).astype(np.int64)
    rows["alpha_out"] = rows["staked"] = draw.integers(10**14, 3 * 10**15, count)
    rows["alpha_issued"] = rows["alpha_in"] + rows["alpha_out"]
    rows["ema"] = rows["tao"] / rows["alpha_in"]
    rows["burned"] = draw.uniform(0, 1, count)
    rows["user_flow"], rows["protocol_flow"] = draw.normal(0, 1e7, count), draw.normal(0, 1e7, count)
    chain = coinbase.chain_row(by_name(name), block, root_tao=5_454_229 * TAO)
    chain["issued"] = 11_600_000 * TAO
    chain["free"] = chain["issued"] - chain["root_tao"] - rows["tao"].sum()
    return chain, rows


@pytest.mark.parametrize("name", [one.name for one in RULES])
def test_every_rao_is_in_its_place_after_each_block(name: str) -> None:
    chain, rows = world(name)
    issued, alpha = int(chain["issued"][0]), rows["alpha_in"] + rows["alpha_out"]
    for block in range(7200, 7600):
        chain["block"] = block
        coinbase.run_block(chain, rows)
        assert coinbase.misplaced(chain, rows) == ""
        coinbase.move_prices(chain, rows)
    created = 400 * TAO // 2
    assert int(chain["issued"][0]) - issued == created - int(chain["recycled"][0])
    grown = rows["alpha_in"] + rows["alpha_out"] - alpha
    assert np.array_equal(rows["alpha_issued"] - alpha, grown)
    # An alpha a block goes out, and at most as much is put in (less root's part where that is recycled).
    assert np.all(grown >= 400 * TAO * 0.5)
    assert np.all(grown <= 800 * TAO)


def test_a_rao_too_many_is_seen() -> None:
    chain, rows = world("gated")
    coinbase.run_block(chain, rows)
    rows["staked"][3] += 1
    assert coinbase.misplaced(chain, rows) == "block 7200: alpha of subnet 4 is not what its parts hold"
    rows["staked"][3] -= 1
    # A rao more in a pool than was ever created.
    rows["alpha_in"][5] += 1
    assert coinbase.misplaced(chain, rows) == "block 7200: alpha of subnet 6 is not what its parts hold"
    rows["tao"][0] -= 1
    assert coinbase.misplaced(chain, rows) == "block 7200: TAO issued is not what pools, root and accounts hold"


@pytest.mark.parametrize("name", [one.name for one in RULES])
def test_shares_add_up_to_one_and_whoever_is_off_gets_none(name: str) -> None:
    chain, rows = world(name)
    rows["enabled"][2], rows["eligible"][5] = 0, 0
    coinbase.find_shares(chain, rows)
    assert rows["share"].sum() == pytest.approx(1, abs=1e-12)
    assert rows["share"][2] == rows["share"][5] == 0
    assert rows["share"].min() >= 0


def test_price_shares_are_prices_and_burned_ones_less() -> None:
    rows = coinbase.subnet_rows(3)
    rows["ema"], rows["burned"] = [0.1, 0.2, 0.1], [0, 0.5, 1]
    coinbase.find_shares(coinbase.chain_row(by_name("price")), rows)
    assert rows["share"].tolist() == pytest.approx([0.25, 0.5, 0.25])
    coinbase.find_shares(coinbase.chain_row(by_name("price_unburned")), rows)
    # 0.1 : 0.2 x 0.5 : 0.
    assert rows["share"].tolist() == pytest.approx([0.5, 0.5, 0])
    # Where all burn everything, the block's TAO is not stranded: plain prices.
    rows["burned"] = 1
    coinbase.find_shares(coinbase.chain_row(by_name("price_unburned")), rows)
    assert rows["share"].tolist() == pytest.approx([0.25, 0.5, 0.25])


def test_root_share_weighs_prices_of_young_subnets_up() -> None:
    rows = coinbase.subnet_rows(2)
    rows["ema"], rows["alpha_in"] = 0.1, [10**15, 3 * 10**15]
    chain = coinbase.chain_row(by_name("root_price"), root_tao=10**15)
    chain["tao_weight"] = 1.0
    coinbase.find_shares(chain, rows)
    # R / (R + alpha) = 1/2 and 1/4.
    assert rows["share"].tolist() == pytest.approx([2 / 3, 1 / 3])


def test_net_flow_takes_the_protocols_part_off_and_the_least_flow_is_zero() -> None:
    rows = coinbase.subnet_rows(3)
    rows["user_flow"], rows["protocol_flow"] = [40, 20, -30], [100, 20, 0]
    coinbase.find_shares(coinbase.chain_row(by_name("net_flow")), rows)
    # Factor min(1, 60 / 120) = 1/2: net -10, 10, -30. L = max(0, -30) = 0: above it only the second.
    assert rows["share"].tolist() == [0, 1, 0]
    chain = coinbase.chain_row(by_name("net_flow"))
    chain["flow_cutoff"] = -100.0
    coinbase.find_shares(chain, rows)
    # L = -30: 20, 40, 0.
    assert rows["share"].tolist() == pytest.approx([1 / 3, 2 / 3, 0])


def test_the_gates_bar_is_found_anew_every_360_blocks_only() -> None:
    chain, rows = world("gated", count=40)
    coinbase.find_shares(chain, rows)
    bar = float(chain["bar"][0])
    rows["ema"] *= np.linspace(0.2, 3, 40)
    for block in (7201, 7559):
        chain["block"] = block
        coinbase.find_shares(chain, rows)
        assert float(chain["bar"][0]) == bar
    chain["block"] = 7560
    coinbase.find_shares(chain, rows)
    assert float(chain["bar"][0]) != bar


def test_a_share_at_the_bar_is_halved_and_far_above_it_kept() -> None:
    rows = coinbase.subnet_rows(33)
    rows["ema"] = [*[1.0] * 31, 0.1, 0.01]
    chain = coinbase.chain_row(by_name("gated"))
    coinbase.find_shares(chain, rows)
    # Bar 0.1 / 31.11, the 32nd: factors 1 / (1 + 0.001), 1/2 and 1 / 1001, then normalised.
    kept = np.array([*[1 / 1.001] * 31, 0.1 / 2, 0.01 / 1001])
    assert rows["share"].tolist() == pytest.approx((kept / kept.sum()).tolist(), rel=1e-12)


def test_a_bar_by_quantile() -> None:
    rows = coinbase.subnet_rows(5)
    rows["ema"] = [1, 2, 3, 4, 5]
    chain = coinbase.chain_row(by_name("gated"))
    chain["gate_rule"] = rules.GATES.index("quantile")
    coinbase.find_shares(chain, rows)
    # Three quarters of the way up: 4 of 15.
    assert float(chain["bar"][0]) == pytest.approx(4 / 15)


def _one(name: str, price: float):
    rows = coinbase.subnet_rows(1)
    rows["alpha_in"], rows["ema"] = 10**15, 1.0
    rows["tao"] = round(price * 10**15)
    chain = coinbase.chain_row(by_name(name), block=7200, issued=0, root_tao=10**15)
    chain["tao_weight"] = 1.0
    rows["user_flow"] = 1.0
    coinbase.run_block(chain, rows)
    return rows[0]


def test_in_2025_all_tao_went_in_and_lifted_the_price() -> None:
    # A price of 0.5: 2 alpha would go with the block's TAO, but one is all there is.
    row = _one("price", 0.5)
    assert (row["tao_in"], row["injected"], row["excess"]) == (TAO, TAO, 0)


def test_since_november_2025_tao_above_the_alpha_buys() -> None:
    row = _one("flow", 0.5)
    assert (row["tao_in"], row["injected"], row["excess"]) == (TAO // 2, TAO, TAO // 2)
    # Half a TAO at 0.5, less what the trade moves the price.
    assert row["bought"] == pytest.approx(TAO, rel=1e-5)
    assert row["protocol"] == row["bought"]


def test_since_june_2026_root_bounds_what_goes_in() -> None:
    # Root's share: 10^15 / (10^15 + 10^15) = 1/2.
    row = _one("price_unburned", 0.5)
    assert (row["tao_in"], row["injected"], row["excess"]) == (TAO // 4, TAO // 2, TAO * 3 // 4)


def test_roots_alpha_is_recycled_while_prices_add_up_to_one_or_less() -> None:
    chain, rows = coinbase.chain_row(RULES[-1], root_tao=10**15), coinbase.subnet_rows(2)
    chain["tao_weight"], rows["alpha_in"] = 1.0, 10**15 - TAO
    rows["ema"] = 0.5
    coinbase.split_alpha(chain, rows, TAO)
    validators = round(TAO * (1 - 11_796 / 65_535) / 2 / 2)
    assert rows["root"].tolist() == [0, 0]
    assert rows["alpha_out"].tolist() == pytest.approx([TAO - validators] * 2, abs=2)
    rows["ema"], rows["alpha_in"], rows["alpha_out"] = 0.51, 10**15 - TAO, 0
    coinbase.split_alpha(chain, rows, TAO)
    assert rows["root"].tolist() == pytest.approx([validators] * 2, abs=2)
    assert rows["alpha_out"].tolist() == [TAO, TAO]


STAKE = st.lists(
    st.tuples(st.integers(0, 10**15), st.integers(0, 10**15), st.integers(0, 10**9)), min_size=1, max_size=20
)


@settings(max_examples=200, deadline=None)
@given(alpha=st.integers(0, 10**13), root=st.integers(0, 10**13), stakes=STAKE)
def test_dividends_pay_all_but_a_rao_for_each(alpha: int, root: int, stakes: list[tuple[int, int, int]]) -> None:
    held, on_root, d = zip(*stakes, strict=True)
    of_alpha, of_root, left = dividends.pay(alpha, root, held, on_root, np.array(d, float), 0.18)
    assert of_alpha.sum() + of_root.sum() + left == alpha + root
    some_alpha = any(a and x for a, x in zip(held, d, strict=True))
    some_root = any(r and x for r, x in zip(on_root, d, strict=True))
    # Float64 has 53 digits; amounts have up to 44.
    if some_alpha and some_root:
        assert 0 <= left <= 2 * len(d)


def test_a_validator_with_alpha_alone_gets_nothing_of_roots_pool() -> None:
    alpha, root, left = dividends.pay(100, 60, [10, 10], [0, 10], np.array([1.0, 1.0]), 1.0)
    # Root's parts 0 and 1/2; alpha's 1 and 1/2.
    assert (alpha.tolist(), root.tolist(), left) == ([66, 33], [0, 60], 1)


def test_a_take_is_18_percent_at_most_rounded_down() -> None:
    assert dividends.take_of(10**9) == 10**9 * 11_796 // 65_535 == 179_995_422
