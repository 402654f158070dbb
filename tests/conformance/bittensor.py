"""Adapters of Bittensor's chain: each case through the rules and kernels that a run of the chain goes through."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from sim.tokenomics.chains.bittensor import coinbase, community, dividends, masks, rules, yuma
from sim.tokenomics.chains.bittensor.balancer import PARTS, Balancer, fee_of, power, to_reach
from sim.tokenomics.chains.bittensor.issuance import threshold
from sim.tokenomics.chains.bittensor.registration import BurnPrice
from sim.tokenomics.chains.bittensor.subnets import lock_cost
from sim.tokenomics.chains.bittensor.superellipse import Superellipse
from sim.tokenomics.chains.bittensor.v3 import Ranged

Case = dict[str, Any]
RAO = 10**9


def by_function(**functions: Callable[[Case], Any]) -> Callable[[Case], Any]:
    """An adapter that looks at the case's `fn`; a function nobody knows fails."""

    def adapt(case: Case) -> Any:
        if case["fn"] not in functions:
            raise LookupError(f"no adapter for function {case['fn']!r}; known: {', '.join(functions)}")
        return functions[case["fn"]](case)

    return adapt


def live_block(case: Case) -> dict[str, int]:
    """One subnet of a block of mainnet; the whole block runs in the kernel."""
    inputs, subnets = case["file"]["inputs"], case["file"]["subnets"]
    # Any issuance at which a block creates what this one did.
    issued = threshold((RAO // inputs["block_emission"]).bit_length() - 1)
    chain = coinbase.chain_row(rules.by_spec(inputs["spec"]), inputs["block"], issued, inputs["root_tao"])
    chain["tao_weight"] = inputs["tao_weight_q64"] / 2**64
    chain["rank"], chain["exponent"] = inputs["gate"]["rank"], inputs["gate"]["exponent"]
    rows = coinbase.subnet_rows(len(subnets))
    for name, key, unit in (
        ("netuid", "netuid", 1), ("ema", "moving_price_q32", 2**-32), ("burned", "miner_burned_q32", 2**-32),
        ("enabled", "emission_enabled", 1), ("tao", "tao", 1), ("alpha_in", "alpha_in", 1), ("alpha_out", "alpha_out", 1),
        ("weight", "w_quote_parts", 1),
    ):  # fmt: skip
        rows[name] = [subnet[key] * unit for subnet in subnets]
    coinbase.run_block(chain, rows)
    assert chain["emission"][0] == inputs["block_emission"]
    found = rows[rows["netuid"] == case["row"]["netuid"]][0]
    return {
        "netuid": int(found["netuid"]),
        "tao_in": int(found["tao_in"]),
        "excess_tao": int(found["excess"]),
    }


def _alpha_out_split(case: Case) -> dict[str, int]:
    rows = coinbase.subnet_rows(1)
    # Root's share w R / (w R + alpha) as the case has it: at a weight of 1, and before the first halving of alpha.
    share, alpha = case["root_prop"], 3 * 10**15
    chain = coinbase.chain_row(rules.RULES[-1], root_tao=round(share / (1 - share) * alpha) if share < 1 else 0)
    chain["tao_weight"], chain["owner_u16"] = 1.0, round(case["owner_cut"] * 65_535)
    # EMA prices that add up to more than 1: root's alpha is sold. The block's own alpha counts in root's share.
    rows["ema"], rows["alpha_in"] = 2.0, alpha - RAO
    assert case["alpha_out"] == RAO
    coinbase.split_alpha(chain, rows, RAO)
    return {"owner": int(rows["owner"][0]), "server": int(rows["servers"][0]),
            "root": int(rows["root"][0]), "validator": int(rows["validators"][0])}  # fmt: skip


def _shares(name: str, **fields: Any) -> list[float]:
    rows = coinbase.subnet_rows(len(next(iter(fields.values()))))
    for field, values in fields.items():
        rows[field] = values
    coinbase.find_shares(coinbase.chain_row(rules.by_name(name)), rows)
    return [float(share) for share in rows["share"]]


def _flow_shares(case: Case) -> list[float]:
    rows = coinbase.subnet_rows(len(case["user"]))
    rows["user_flow"] = case["user"]
    chain = coinbase.chain_row(rules.by_name("flow"))
    chain["flow_power"] = case["p"]
    coinbase.find_shares(chain, rows)
    return [float(share) for share in rows["share"]]


def _price_ema(case: Case) -> float:
    chain, rows = coinbase.chain_row(rules.RULES[-1], block=case["blocks_since_start"]), coinbase.subnet_rows(1)
    chain["ema_base"], chain["ema_half"] = case["base_alpha"], case["halving_blocks"]
    rows["ema"], rows["alpha_in"], rows["tao"] = case["start"], RAO, round(case["spot"] * RAO)
    for _ in range(case["steps"]):
        coinbase.move_prices(chain, rows)
    return float(rows["ema"][0])


def _dividend_totals(case: Case) -> list[int]:
    alpha, root, _ = dividends.pay(
        case["pending_alpha"], case["pending_root"], case["alpha_stake"], case["root_stake"],
        np.array(case["dividends"], float), case["tao_weight"],
    )  # fmt: skip
    return [int(alpha.sum()), int(root.sum())]


coinbase_cases = by_function(
    alpha_out_split=_alpha_out_split,
    price_shares=lambda case: _shares("price", ema=case["price"]),
    price_ema=_price_ema,
    dividend_distribution_totals=_dividend_totals,
    flow_shares=_flow_shares,
    flow_eligible_count=lambda case: sum(
        share > 0 for share in _shares("net_flow", user_flow=case["user"], protocol_flow=case["protocol"])
    ),
)


def _pool(case: Case, **more: Any) -> Balancer:
    """The pool of a case; `w_quote_parts` or `w_quote` is TAO's weight."""
    weight = case.get("w_quote_parts", round(Fraction(str(case.get("w_quote", 0.5))) * PARTS))
    return Balancer(case.get("tao", 0), case.get("alpha", 0), weight)


def _both(pool: Balancer, amount: int) -> tuple[int, int]:
    """(alpha, TAO) for an amount by the exact rule, which the block's kernel may miss by a rao."""
    exact = pool.alpha_for(amount), pool.tao_for(amount)
    fast = coinbase.quotes(pool.tao, pool.alpha, pool.weight, amount)
    assert max(abs(a - b) for a, b in zip(exact, fast, strict=True)) <= 1
    return exact


def _buy_with_fee(case: Case) -> dict[str, int]:
    pool = _pool(case)
    spot, fast = int(pool.price * RAO), coinbase.quotes(pool.tao, pool.alpha, pool.weight, case["expected"]["net_in"])
    swap = pool.buy(case["tao_in"], case["fee_rate"])
    assert fast[0] == swap.out
    return {"net_in": swap.paid_in, "fee": swap.fee, "alpha_out": swap.out, "spot_rao": spot}


def _trade(side: str) -> Callable[[Case], dict[str, int]]:
    def trade(case: Case) -> dict[str, int]:
        pool = _pool(case)
        _both(pool, case["amount_in"] - fee_of(case["amount_in"], case["fee_rate"]))
        swap = getattr(pool, side)(case["amount_in"], case["fee_rate"])
        return {"fee": swap.fee, "out": swap.out}

    return trade


def _convert(case: Case) -> dict[str, int]:
    alpha, tao = _both(_pool(case), case["delta"])
    return {"sell": tao, "buy": alpha}


def _reach(case: Case, up: bool) -> int:
    weight = round(Fraction(str(case["w_quote"])) * PARTS)
    change = Fraction(str(case["target"])) / Fraction(str(case["price"]))
    return to_reach(case["reserve"], change if up else 1 / change, PARTS - weight if up else weight)


def _power(case: Case) -> str:
    weight = round(Fraction(str(case["w_quote"])) * PARTS)
    return f"0.{power(case['x'], case['x'] + case['dx'], PARTS - weight, weight):018d}"


def _inject(case: Case) -> dict[str, float]:
    pool = _pool(case)
    for tao, alpha in case["seq"]:
        assert pool.inject(tao, alpha)
    return {"price": float(pool.price)}


def _at_price(case: Case) -> dict[str, float]:
    pool = Balancer.at_price(case["tao"], case["alpha"], Fraction(str(case["price"])))
    return {"w_quote": pool.weight / PARTS, "price": float(pool.price)}


def _ranged(side: str) -> Callable[[Case], dict[str, int]]:
    def trade(case: Case) -> dict[str, int]:
        pool = Ranged(case["liquidity"], case["sqrt_price_raw"] << 64 - case["sqrt_price_frac_bits"])
        swap = getattr(pool, side)(case["amount_in"], 33)
        return {"net_in": swap.paid_in, "fee": swap.fee, "out": swap.out}

    return trade


def _ellipse(case: Case) -> Superellipse:
    return Superellipse.of(case["tao"], case["alpha"], case["w_quote_parts"])


def _translate(case: Case) -> str:
    pool = _ellipse(case)
    before = pool.price, pool.alpha_for(case["amount_in"])
    pool.inject(case["d_tao"], case["d_alpha"])
    kept = (pool.price, pool.alpha_for(case["amount_in"])) == before
    return "price and output for amount_in unchanged" if kept else f"{before} became {pool.price}"


def _domain(case: Case) -> dict[str, int]:
    pool = _ellipse(case)
    return {"max_buy": pool.most_buy, "max_sell": pool.most_sell}


def _burn_price(case: Case) -> dict[str, list[int]]:
    ops = case["ops"]
    price = BurnPrice(ops["start"], ops["half_life"], ops["min"], ops["max"], Fraction(str(ops["mult"])))
    seen = []
    for operation in ops["seq"]:
        if operation == "block":
            price.wait(1)
        else:
            price.register()
        seen.append(price.now)
    return {"ops": seen}


def _burn_long(case: Case) -> dict[str, list[list[int]]]:
    price, at, seen = BurnPrice(case["start"], case["half_life"], 0, 2**64 - 1), 0, []
    for blocks, _ in case["expected_after_blocks"]:
        price.wait(blocks - at)
        at = blocks
        seen.append([blocks, price.now])
    return {"after_blocks": seen}


def _lock_cost(case: Case) -> int:
    return lock_cost(
        case["last_lock"], case["last_lock_block"], case["now"], case["interval"], case["min_lock"], case["mult"],
        case["decay_mult"],
    )  # fmt: skip


def _terms(case: Case) -> yuma.Terms:
    """The settings of a case, in the chain's own units."""
    u16 = {name: int(case[f"alpha_{name}"] * 65_535) for name in ("low", "high") if f"alpha_{name}" in case}
    return yuma.Terms(
        case["kappa_u16"], case["bonds_penalty_u16"], case["bonds_moving_average"], case["yuma3"],
        case.get("liquid_alpha", False), u16.get("low", 0), u16.get("high", 0),
        round(100 * case.get("alpha_sigmoid_steepness", 10)),
    )  # fmt: skip


def _classic(case: Case, exact: bool) -> list[dict[str, Any]]:
    """Epochs of a case, one after the other, with the masks that a subnet has."""
    stake = np.array(case["stake"], np.int64)
    count = len(stake)
    nobody, never = np.zeros(count, bool), np.zeros(count, np.int64)
    stakes = masks.stakes_of(stake, np.array(case.get("permits", stake > 0), bool), nobody)
    bonds = np.array(case.get("B0", np.zeros((count, count))), np.int64)
    found = []
    for given in case["epochs"]:
        set_by, outdated = np.array(given["W"], np.int64), np.array(given.get("mask_w", np.zeros((count, count))), bool)
        set_by = np.where((set_by > 0) & ~outdated, set_by, masks.NOT_SET)
        weights = masks.weights_that_count(set_by, stakes.permits, never + 1, never)
        epoch = yuma.epoch(_terms(case), weights, stakes.active, bonds, exact)
        bonds = epoch.bonds
        column, rows = given.get("bond_col", 0), len(given.get("bonds", ()))
        found.append(
            {
                "E": epoch.emission(case["rao"], stakes.share, stakes.active).tolist(),
                "D_u16": epoch.u16("dividends")[: len(given.get("D_u16", ()))].tolist(),
                "bonds": bonds[:rows, column].tolist(),
            }
        )
    return found


def yuma_classic(case: Case) -> dict[str, Any]:
    """Exactly in the chain's integers; in floats within 4e-6 of what is paid, and 1 in 65535 of a bond."""
    exact = _classic(case, True)
    for one, other in zip(exact, _classic(case, False), strict=True):
        assert np.abs(np.subtract(one["E"], other["E"])).max() <= 4e-6 * case["rao"]
        assert np.all(np.abs(np.subtract(one["bonds"], other["bonds"])) <= 1)
    return {"epochs": exact}


def yuma3(case: Case) -> dict[str, Any]:
    """Bonds and dividends after each epoch in the chain's integers; floats, set beside them, within 4e-5.

    Weights of 0 are set in these cases, not left out.
    """
    stakes = masks.stakes_of(np.array(case["stake"]), np.array(case["stake"]) > 0, np.zeros(len(case["stake"]), bool))
    validators, active = case["n_validators"], stakes.active[: case["n_validators"]]
    exact = fast = np.zeros((validators, case["n_servers"]), np.int64)
    bonds, dividends = [], []
    for number, weights in enumerate(case["weights_by_epoch"]):
        for uid in case.get("reset_bonds_before_epoch", {}).get(str(number), ()):
            exact, fast = masks.reset_bonds(exact, uid - validators), masks.reset_bonds(fast, uid - validators)
        given = np.array(weights)
        one, other = (
            yuma.epoch(_terms(case), given, active, old, mode) for old, mode in ((exact, True), (fast, False))
        )
        assert np.abs(one.shares("dividends") - other.shares("dividends")).max() < 4e-5
        exact, fast = one.bonds, other.bonds
        bonds.append((exact / 65_535).tolist())
        dividends.append(one.shares("dividends").tolist())
    return {"bonds_by_epoch": bonds, "dividends_by_epoch": dividends}


def yuma_simulation_cases(case: Case) -> dict[str, Any]:
    """The community's variant of a scenario, epoch by epoch."""
    settings = community.Settings(**case["params"])
    relative, reset = case["version"].startswith("Yuma 3"), case["reset_bonds"] or {}
    found: list[community.Found] = []
    for number, (weights, stake) in enumerate(zip(case["W"], case["S"], strict=True)):
        bonds = found[-1].bonds if found else None
        if relative and bonds is not None and number == reset.get("epoch"):
            bonds = masks.reset_bonds(bonds, reset["server_index"])
        found.append(community.epoch(settings, np.array(weights), np.array(stake), bonds, relative))
    names = ("dividends", "incentive", "consensus", "bonds")
    return {name: [getattr(one, name).tolist() for one in found] for name in names}


def _median_column(case: Case) -> list[float]:
    """In floats and in the chain's integers, which must agree."""
    scores = np.array(case["score"], float)
    stake = np.array(case["stake"], float)
    counted, kappa = np.rint(stake * yuma.ONE).astype(np.int64), round(case["majority"] * yuma.ONE)
    found = yuma.consensus_of(scores, counted, kappa)
    fixed = yuma.consensus_of((scores * yuma.ONE).astype(np.int64), counted, kappa)
    assert np.abs(fixed / yuma.ONE - found).max() < 1e-9
    # Whatever the guess, the median is the same.
    assert np.array_equal(yuma.consensus_of(scores, counted, kappa, np.full(scores.shape[1], 0.35)), found)
    return [float(value) for value in found]


def _median(case: Case) -> float:
    scores, stake = [[score] for score in case["score"]], case["stake"]
    return _median_column({**case, "stake": stake, "score": scores})[0]


def _capped_average(case: Case) -> list[list[float]]:
    old, new = ((np.array(case[name]) * yuma.ONE).astype(np.int64) for name in ("old", "new"))
    found = yuma.capped_average(round(case["alpha"] * yuma.ONE), old, new) / yuma.ONE
    return [[float(value) for value in row] for row in found]


ADAPTERS: dict[str, Callable[[Case], Any]] = {
    "live_block": live_block,
    "coinbase": coinbase_cases,
    "amm_balancer": by_function(
        balancer_exp_base_quote=_power,
        balancer_buy_with_fee=_buy_with_fee,
        balancer_buy=_trade("buy"),
        balancer_sell=_trade("sell"),
        balancer_delta_in_buy=lambda case: _reach(case, True),
        balancer_delta_in_sell=lambda case: _reach(case, False),
        balancer_convert_deltas=_convert,
        balancer_inject=_inject,
        balancer_init=_at_price,
    ),
    "amm_v3": by_function(v3_buy=_ranged("buy"), v3_sell=_ranged("sell")),
    "amm_superellipse": by_function(
        superellipse_buy=lambda case: _ellipse(case).alpha_for(case["amount_in"]),
        superellipse_price=lambda case: float(_ellipse(case).price),
        superellipse_domain=_domain,
        superellipse_translate=_translate,
    ),
    "yuma_classic": yuma_classic,
    "yuma3": yuma3,
    "yuma_simulation_cases": yuma_simulation_cases,
    "epoch_math": by_function(
        weighted_median=_median, weighted_median_col=_median_column, mat_ema_alpha=_capped_average
    ),
    "registration": by_function(burn_price=_burn_price, burn_long=_burn_long, lock_cost=_lock_cost),
}
