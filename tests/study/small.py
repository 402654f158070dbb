"""A scenario without requests that runs in a blink, as text of a file."""

SMALL = """\
format: 1
name: Small
start: 2026-01-01
horizon: 60 day
epoch: 1 day
requests: {mode: capacity}
workload:
  chat: {extends: chat_steady, model: llama-3.1-8b, rate: 4 /s, demand: {kind: fixed}}
networks:
  tao:
    extends: bittensor_basic
    supply: {kind: halving, initial: 3600 TAO/day, first: 2029-12-14, every: 4 year, cap: 21 MTAO}
    split: {share: 0.025 %}
    operators:
      home: {nodes: 12, max_nodes: 100}
    plausible: {note: a small example}
policies:
  as_announced: {}
seeds: {root: 7, replications: 4}
compare: {baseline: as_announced, coin_price: [path], outcomes: [tao.nodes@end, tao.emission_coin]}
checks:
  - {outcome: tao.nodes@end, policy: as_announced, at_least: 1 nodes}
"""
