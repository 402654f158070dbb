"""Work: what a request weighs for `least_work` before anybody knows how long its answer is (serving rules, section 7).

Figures of a replica type, from its own cost tables, that every engine takes as given. No rule of time reads them.
"""

from __future__ import annotations

from sim.serving.contract import BLOCK_TOKENS, GridCost, ReplicaType

CONTEXT_TOKENS = 1024
"""Context of the decodes whose pass an output token takes its share of."""
MOST_TOKENS = 2**23
"""The longest class mean of outputs, and the shortest bound of prompts, for which work is proved to fit 64 bits."""


def token_work_ps(kind: ReplicaType) -> tuple[int, int]:
    """Picoseconds of a prompt token and of an output token: its share of a full pass of its kind, `work_ps` if that is given.

    A full pass of prompts holds `max_batched_tokens` of one sequence that has none behind it. A full pass of decodes holds as many
    sequences of 1,024 tokens as seats, budget and blocks allow, at least one. Rounded down, and held within 0 and 2^61 over the
    longest prompt (2^38 ps, a quarter of a second, for all prompts below 8 million tokens): a request's work stays below 2^62.
    """
    most = 2**61 // max(MOST_TOKENS, kind.max_model_len)
    prompt, output = kind.work_ps or _shares_ps(kind)
    return min(max(prompt, 0), most), min(max(output, 0), most)


def _shares_ps(kind: ReplicaType) -> tuple[int, int]:
    context = min(CONTEXT_TOKENS, kind.max_model_len)
    seats = min(kind.max_num_seqs, kind.max_batched_tokens)
    decodes = max(1, min(seats, kind.blocks // -(-context // BLOCK_TOKENS)))
    return _prompt_pass_ps(kind) // kind.max_batched_tokens, _decode_pass_ps(kind, decodes, context) // decodes


def _prompt_pass_ps(kind: ReplicaType) -> int:
    cost, tokens = kind.cost, kind.max_batched_tokens
    fixed = int(cost.dense[tokens]) + int(cost.per_sequence[1]) + cost.host
    if isinstance(cost, GridCost):
        return fixed + int(cost.prefill[0, tokens])
    return fixed + cost.m0 + cost.m3 * tokens + cost.m4 * tokens * tokens // 2048


def _decode_pass_ps(kind: ReplicaType, decodes: int, context: int) -> int:
    cost = kind.cost
    fixed = int(cost.dense[decodes]) + int(cost.per_sequence[decodes]) + cost.host
    if isinstance(cost, GridCost):
        return fixed + int(cost.decode[decodes, -(-context // 64)])
    return fixed + cost.a0 + cost.a1 * decodes + cost.a2 * decodes * context
