"""Adapters of the families of prices, payment, burns and markets: from a case to the kind that a scenario file names."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from sim.tokenomics.burnmint import BURNMINT
from sim.tokenomics.burnmint import STATE as STATE_OF_PROGRAM
from sim.tokenomics.burnmint.vault import BLOCKS, CREDITS, RATIO, STATUS, VAULT
from sim.tokenomics.coin import to_base
from sim.tokenomics.market import MARKET
from sim.tokenomics.meter import SCALE
from sim.tokenomics.payment import PAYMENT, Held, Moment
from sim.tokenomics.payment.escrow import Escrow
from sim.tokenomics.payment.multiparty import MultiPartyEscrow, Voucher
from sim.tokenomics.price import OBSERVED, PRICE, STATE
from sim.tokenomics.settle import Settle, coins_of, fees_of, pusd, take_of

CONTEXT = {"yaml": True, "tickers": frozenset({"TOK"})}


def kind(table: Any, **keys: Any) -> Any:
    """A block as a scenario file gives it."""
    return table[keys["kind"]].model_validate(keys, context=CONTEXT)


def seen(**values: float) -> np.ndarray:
    """What a network shows; 0 where nothing is said."""
    return np.array([values.get(name, 0.0) for name in OBSERVED])


def gonka_dynamic_price(case: dict[str, Any]) -> dict[str, Any]:
    """Ticks of a price by utilization, quoted in a coin without decimals: a base unit a token is a coin a token."""
    inputs = case["inputs"]
    block = kind(
        PRICE,
        kind="utilization",
        start=f"{inputs['price']} TOK/tok",
        low=f"{Fraction(str(inputs['lower'])) * 100} %",
        high=f"{Fraction(str(inputs['upper'])) * 100} %",
        elasticity=inputs["elasticity"],
        floor=f"{inputs['min_price']} TOK/tok",
    )
    looked = seen(utilization_frac=inputs["utilization"], ticks=inputs.get("blocks", 1))
    found = block.per_token({"TOK": 0}, looked, state=np.zeros(STATE, np.int64)).input // SCALE
    return {"new_price": found, "changes": found != inputs["price"]}


def render_price_grossup(case: dict[str, Any]) -> dict[str, float]:
    """A node's ask with the network's fee on top; what is spent is burned but for the fee. A token is a node-hour here."""
    inputs = case["inputs"]
    block = kind(
        PRICE, kind="provider_linear", hour=f"{inputs['ask']} USD/h", fee="5 %", fill="100 %", output_ratio=0.0
    )
    price = block.per_token({"USD": 9}, seen(node_input_tps=1 / 3600)).input
    if "hours" not in inputs:
        return {"price": price / 1e12}
    spend = price * inputs["hours"] * inputs["nodes"]
    burned = kind(BURNMINT, kind="share", share="95 %").burned(spend, 0)
    return {
        "price": price / 1e12,
        "spend": spend / 1e12,
        "burn_usd": burned / 1e12,
        "fee_usd": take_of(spend, 0.05) / 1e12,
    }


def hyperbolic_fee(case: dict[str, Any]) -> dict[str, float]:
    """What an operator keeps of what users pay for his hour, a token here, no more than is let: less 10 % (docs.hyperbolic.xyz)."""
    inputs = case["inputs"]
    block = kind(
        PRICE, kind="reverse_auction", highest=f"{inputs['cap']} USD/h", margin="0 %", fill="100 %", output_ratio=0.0
    )
    asks = np.array([pusd(inputs["ask"])], np.int64)
    hour = block.per_token({"USD": 9}, seen(node_input_tps=1 / 3600), asks).input // SCALE
    return {"net": (hour - take_of(hour, 0.1)) / 10**9}


def akash_escrow(case: dict[str, Any]) -> dict[str, Any]:
    """Blocks of a stream out of a deposit: what is due is rate x blocks."""
    inputs = case["inputs"]
    due = np.array(inputs["rates"], np.int64) * inputs["blocks"]
    held = Held.nothing(len(due))
    held.pots[0] = inputs["balance"]
    paid, unpaid = kind(PAYMENT, kind="stream").paid_by_rule(held, due)
    return {"paid": paid.tolist(), "balance_end": int(held.pots[0]) - unpaid, "overdrawn": unpaid > 0}


def livepeer_tickets(case: dict[str, Any]) -> dict[str, int]:
    """One winning ticket, paid from deposit and reserve."""
    inputs = case["inputs"]
    held = Held.nothing(1)
    held.pots[:2] = inputs["deposit"], inputs["reserve"]
    block = kind(PAYMENT, kind="ticket", pool_size=inputs["pool_size"])
    paid, unpaid = block.paid_by_rule(held, np.array([inputs["face_value"]], np.int64))
    first, second = inputs["deposit"] - int(held.pots[0]), inputs["reserve"] - int(held.pots[1])
    return {"from_deposit": first, "from_reserve": second, "paid": int(paid[0]), "unpaid": unpaid}


def gonka_job_payment(case: dict[str, Any]) -> dict[str, Any]:
    """A job's escrow at its longest answer, its cost and what is given back; or its pay shared with validators."""
    inputs = case["inputs"]
    if "cost" in inputs:
        due = np.zeros(inputs["existing"] + inputs["new"], np.int64)
        due[0] = inputs["cost"]
        held = Held.nothing(len(due))
        held.pots[0] = inputs["cost"]
        shared = kind(PAYMENT, kind="escrow", validators=inputs["new"])
        return {"adjustments": (shared.paid_by_rule(held, due, due >= 0)[0] - due).tolist()}
    price = kind(PRICE, kind="posted", input=f"{inputs['price']} TOK/tok", output=f"{inputs['price']} TOK/tok")
    quote = price.per_token({"TOK": 0})
    due = np.array([quote.of(inputs["prompt"], inputs["completion"]) // SCALE], np.int64)
    # Locked over used, as the block has it: the longest answer over what was served.
    longest, served = inputs["prompt"] + inputs["max_tokens"], inputs["prompt"] + inputs["completion"]
    block = Escrow(reserve=math.nextafter(longest / served, math.inf))
    plan, left = block.plan(Held.nothing(1), due, Moment(0.0, 1.0, 0.0, np.zeros, due >= 0))
    assert left.pots[0] == 0
    return {"escrow": plan.brought, "cost": int(plan.paid[0]), "refund": plan.back}


def mpe_channel(case: dict[str, Any]) -> dict[str, Any]:
    """A list of calls to the contract that holds a run's channels."""
    contract = MultiPartyEscrow()
    for owner, amount in case["inputs"]["start_balances"].items():
        contract.deposit(owner, amount)
    accepted = [_call(contract, op) for op in case["inputs"]["ops"]]
    channels = [{"nonce": c.nonce, "value": c.value, "expiration": c.expiration} for c in contract.channels]
    return {"accepted": accepted, "balances": contract.balances, "channels": channels}


def _call(contract: MultiPartyEscrow, op: dict[str, Any]) -> bool:
    if op["op"] == "open":
        return contract.open(op["sender"], op["recipient"], op["value"], op["expiration"], op["signer"])
    if op["op"] == "timeout":
        return contract.timeout(op["channel"], op["by"], op["block"])
    if op["op"] == "claim":
        voucher = Voucher(op["channel"], op["signed_nonce"], op["signed_planned"], op["signed_by"])
        return contract.claim(op["by"], op["actual"], op["planned"], voucher, op["sendback"])
    raise LookupError(f"mpe_channel: no adapter for {op['op']!r}")


def akash_take_fee(case: dict[str, Any]) -> dict[str, float]:
    """Take and make fee of a hosting fee, with a discount on both."""
    inputs = case["inputs"]
    due = to_base(inputs["fee"], 9)
    rates = {"take_rate": inputs["Rt"], "make_rate": inputs["Rm"], "fee_discount": inputs["Rd"]}
    take, make = fees_of(due, Settle(**{name: float(rate) for name, rate in rates.items()}))
    parts = {"take": take, "make": make, "network": take + make, "provider": due - take}
    return {name: amount / 1e9 for name, amount in parts.items()}


def ionet_fees(case: dict[str, Any]) -> dict[str, float]:
    """0.25 % of a reservation from each side, and 2 % more where it is paid in USDC (`settle.pay: usd`)."""
    inputs = case["inputs"]
    due, rate = to_base(inputs["usd"], 9), 0.0225 if inputs["usdc"] else 0.0025
    take, make = fees_of(due, Settle(take_rate=rate, make_rate=rate))
    return {"renter_pays": (due + make) / 1e9, "supplier_gets": (due - take) / 1e9}


def _vault(**keys: Any) -> Any:
    """Akash's vault; without spreads unless said."""
    return kind(BURNMINT, **{"kind": "vault", "mint_spread": "0 bps", **keys})


def akash_bme(case: dict[str, Any]) -> dict[str, float]:
    """Credits bought at one price and used at another, or the collateral ratio where the price has moved."""
    inputs, decimals = case["inputs"], 9
    vault, state = _vault(), np.zeros(STATE_OF_PROGRAM, np.int64)
    if "vault_akt" in inputs:
        state[:2] = to_base(inputs["vault_akt"], decimals), to_base(inputs["outstanding_usd"], decimals)
        vault.act(state, decimals, price=pusd(inputs["price"]))
        return {"CR": int(state[RATIO]) / 10_000}
    usd = to_base(inputs["usd"], 9)
    bought = vault.act(state, decimals, wanted=usd, price=pusd(inputs["p_mint"]))
    held = int(state[VAULT])
    used = vault.act(state, decimals, usd=usd, price=pusd(inputs["p_settle"]))
    from_vault = held - int(state[VAULT])
    found = {"burned": bought["burn"], "reminted": used["mint"], "net_supply_change": used["mint"] - bought["burn"]}
    found |= {"from_vault": from_vault, "fresh_mint": used["mint"] - from_vault, "left_in_vault": int(state[VAULT])}
    return {name: amount / 10**decimals for name, amount in found.items()}


def akash_bme_integer(case: dict[str, Any]) -> dict[str, Any]:
    """Micro-credits used at 3 USD a coin: what is minted, less the spread, or nothing at all."""
    inputs = case["inputs"]
    state = np.zeros(STATE_OF_PROGRAM, np.int64)
    state[CREDITS] = inputs["burn_uact"]
    vault = _vault(settle_spread=f"{inputs['settle_spread_bps']} bps")
    done = vault.act(state, 6, usd=inputs["burn_uact"] * 1000, price=pusd(inputs["price_akt"]))
    if not done["done"]:
        assert (state[VAULT], state[CREDITS]) == (0, inputs["burn_uact"]), "a conversion that failed changed something"
        return {"ok": False}
    # With an empty vault all is minted afresh, and the spread alone lies in it afterwards.
    return {"ok": True, "mint": done["mint"] + int(state[VAULT]), "to_user": done["mint"]}


def akash_bme_breaker(case: dict[str, Any]) -> dict[str, Any]:
    """The breaker at a collateral ratio: a coin of one dollar, and so many in the vault for 10,000 credits."""
    inputs = case["inputs"]
    state = np.zeros(STATE_OF_PROGRAM, np.int64)
    state[:2] = inputs["cr_bps"] * 1000, 10_000_000
    vault = _vault(min_blocks=inputs["min_blocks"], backoff=inputs["backoff_percent"])
    vault.act(state, 6, price=pusd(1.0))
    return {"status": ("healthy", "warning", "halt")[state[STATUS]], "blocks": int(state[BLOCKS])}


def gensyn_buyback(case: dict[str, Any]) -> dict[str, int]:
    """What is done with coins that were bought."""
    inputs = case["inputs"]
    shares = {"executor": f"{inputs['exec_bps']} bps", "burn": f"{inputs['burn_bps']} bps"}
    block = kind(BURNMINT, kind="buyback", **shares)
    done = block.act(np.zeros(STATE_OF_PROGRAM, np.int64), 18, bought=inputs["amount_out"])
    return {name: done[name] for name in ("executor", "burn", "treasury")}


def render_bme_jobs(case: dict[str, Any]) -> dict[str, float]:
    """A job burned at one price and rewarded at the next; the published mix by its ratio of burns to rewards."""
    inputs, decimals = case["inputs"], 9
    if "rewards_tokens" in inputs:
        shares = (0.5 * (1 + inputs["burn_over_reward"]), 0.5)
        jobs = {"usd": 2 * inputs["rewards_tokens"], "p_burn": 1.0, "p_reward": 1.0}
    else:
        shares, jobs = (inputs["burn_share"], inputs["reward_share"]), inputs
    block = kind(BURNMINT, kind="mint_back", burn=f"{shares[0] * 100} %", reward=f"{shares[1] * 100} %")
    state, usd = np.zeros(STATE_OF_PROGRAM, np.int64), to_base(jobs["usd"], 9)
    paid = coins_of(usd, pusd(jobs["p_burn"]), decimals)
    burned = block.act(state, decimals, paid=paid, usd=usd, price=pusd(jobs["p_burn"]))["burn"] / 10**decimals
    rewarded = block.act(state, decimals, price=pusd(jobs["p_reward"]))["mint"] / 10**decimals
    net = burned - rewarded
    return {"burned": burned, "rewarded": rewarded, "net_burn": net, "net_over_reward": net / rewarded}


def equation_of_exchange(case: dict[str, Any]) -> dict[str, float]:
    """What a coin is worth under `quantity` by a year's payments and the supply."""
    inputs = case["inputs"]
    market = kind(
        MARKET,
        kind="quantity",
        start="1 USD/TOK",
        velocity=f"{inputs['V']} /year",
        locked=f"{inputs['locked'] * 100} %",
    )
    state = market.open(9)
    worth = market.worth(state, inputs["T_usd"], inputs["supply"])
    market.clear(state, 86_400.0, {}, {}, 0.0, worth)
    return {"P": state.price_usd}


ADAPTERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "gonka_dynamic_price": gonka_dynamic_price,
    "render_price_grossup": render_price_grossup,
    "akash_escrow": akash_escrow,
    "livepeer_tickets": livepeer_tickets,
    "gonka_job_payment": gonka_job_payment,
    "hyperbolic_fee": hyperbolic_fee,
    "mpe_channel": mpe_channel,
    "akash_take_fee": akash_take_fee,
    "ionet_fees": ionet_fees,
    "equation_of_exchange": equation_of_exchange,
    "akash_bme": akash_bme,
    "akash_bme_integer": akash_bme_integer,
    "akash_bme_breaker": akash_bme_breaker,
    "gensyn_buyback": gensyn_buyback,
    "render_bme_jobs": render_bme_jobs,
}
