"""A scenario without requests whose policies ask two prices, for the tests of what is uncertain in it; as text of a file."""

from __future__ import annotations

_HEAD = """
format: 1
name: What does a dearer token cost?
start: 2026-01-01
horizon: HORIZON
epoch: 1 week
requests: {mode: capacity}
workload:
  chat: {extends: chat_steady, model: llama-3.1-8b, rate: 3 /s, demand: {kind: logit, elasticity: -1.2, lag: 1 week}}
networks:
  tao:
    extends: bittensor_basic
    split: {share: 0.015%}
    market: {daily_sd: 1%, depth: 40 MUSD}
    operators:
      home: {nodes: 12, gpu: rtx_4090, per_node: 1}
  cloud:
    extends: centralized
    operators:
      fleet: {nodes: 1, gpu: h100_sxm, per_node: 1}
policies:
  cheap: {}
  dear: {networks.tao.price: {output: 0.30 USD/Mtok}}
"""


def dearer(horizon: str, uncertain: str, outcomes: str) -> str:
    """The text; `uncertain` are lines of that block, `outcomes` what is compared."""
    tail = f"""\
uncertain:
{uncertain}seeds: {{root: 7, replications: 2, per_set: 1}}
compare:
  coin_price: [path]
  outcomes: [{outcomes}]
"""
    return _HEAD.replace("HORIZON", horizon) + tail
