"""How a pass is formed: the schedulers of `docs/serving-rules.md`, section 3, each a class that can be read from top to bottom.

A scheduler keeps nothing between passes: what it decides on stands in the replica and its requests.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from sim.serving.contract import BLOCK_TOKENS, ReplicaType
from sim.serving.reference.request import Request, blocks_for

if TYPE_CHECKING:
    from sim.serving.reference.replica import Pass, Replica


class Scheduler(Protocol):
    """What a replica asks its scheduler."""

    def serves(self, request: Request, type_: ReplicaType) -> bool:
        """Whether a replica of that type could serve the request at all, alone on it."""

    def decodes(self, request: Request) -> bool:
        """Whether a running request counts as a decode in the next pass, not as a prefill."""

    def form(self, replica: Replica, forming: Pass) -> None:
        """Give the sequences of the replica their tokens of a pass."""


class VllmV1:
    """One list of running sequences, served in order of admission; a prompt takes its blocks chunk by chunk."""

    def serves(self, request: Request, type_: ReplicaType) -> bool:
        """Within the model's length and the memory."""
        return request.prompt + request.output <= type_.max_model_len and request.longest_blocks <= type_.blocks

    def decodes(self, request: Request) -> bool:
        """One token from its next sample, be it the last of its prompt."""
        return request.tokens - request.kv_tokens == 1

    def form(self, replica: Replica, forming: Pass) -> None:
        """Running ones go on; if that cost nobody his place, waiting ones come in."""
        self._continue(replica, forming)
        if not forming.preempted:
            self._admit(replica, forming)

    def _continue(self, replica: Replica, forming: Pass) -> None:
        place = 0
        # Preemptions shorten the list from its end while this walks over it.
        while place < len(replica.running) and forming.budget > 0:
            request = replica.running[place]
            chunk = min(request.tokens - request.kv_tokens, forming.budget)
            wanted = blocks_for(request.kv_tokens + chunk) - request.blocks
            while wanted > replica.free_blocks and request.running:
                replica.preempt(replica.running[-1], forming)
            if not request.running:
                return
            replica.take_blocks(request, wanted)
            forming.give(request, chunk)
            place += 1

    def _admit(self, replica: Replica, forming: Pass) -> None:
        while replica.waiting and forming.budget > 0 and len(replica.running) < replica.type.max_num_seqs:
            request = replica.waiting[0]
            if replica.free_blocks < blocks_for(request.tokens):
                return
            survivors = request.found_again_blocks(replica.taken_blocks, replica.type.recompute)
            # The last token is computed in any case: without it there is nothing to sample from.
            most = (request.tokens - 1) // BLOCK_TOKENS
            found = min(max(survivors, request.cached // BLOCK_TOKENS), most)
            replica.start(request, found * BLOCK_TOKENS)
            chunk = min(request.tokens - request.kv_tokens, forming.budget)
            replica.take_blocks(request, blocks_for(request.kv_tokens + chunk), again=survivors)
            forming.give(request, chunk)


class Sarathi:
    """Every decode in every pass, and prompts in chunks of what budget they leave; a prompt takes all its blocks at once."""

    def serves(self, request: Request, type_: ReplicaType) -> bool:
        """Within the model's length, and within the memory less the watermark: else it could never come back."""
        fits = request.longest_blocks + watermark_blocks(type_) <= type_.blocks
        return request.prompt + request.output <= type_.max_model_len and fits

    def decodes(self, request: Request) -> bool:
        """It has sampled a token since it was admitted; the last token of a prompt is still a prefill."""
        return not request.reading

    def form(self, replica: Replica, forming: Pass) -> None:
        """Decodes, then the prompt that is being read, then new ones, unless a decode cost somebody his place."""
        self._decode(replica, forming)
        for request in replica.running:
            if request.reading and forming.budget > 0:
                forming.give(request, min(request.tokens - request.kv_tokens, forming.budget))
        if not forming.preempted:
            self._admit(replica, forming)

    def _decode(self, replica: Replica, forming: Pass) -> None:
        for request in [running for running in replica.running if not running.reading]:
            # One block must be free for a decode to go on, even for one that takes none.
            while request.running and replica.free_blocks < 1:
                replica.preempt(replica.running[-1], forming)
            if request.running:
                replica.take_blocks(request, blocks_for(request.kv_tokens + 1) - request.blocks)
                forming.give(request, 1)

    def _admit(self, replica: Replica, forming: Pass) -> None:
        while replica.waiting and forming.budget > 0 and self._has_room(replica, replica.waiting[0]):
            request = replica.waiting[0]
            self._start(replica, request)
            forming.give(request, min(request.tokens - request.kv_tokens, forming.budget))

    def _has_room(self, replica: Replica, request: Request) -> bool:
        left = replica.free_blocks - blocks_for(request.tokens)
        return left >= watermark_blocks(replica.type) and len(replica.running) < replica.type.max_num_seqs

    def _start(self, replica: Replica, request: Request) -> None:
        replica.start(request, known_tokens(request))
        replica.take_blocks(request, blocks_for(request.tokens))
        request.reading = True


class PrefillFirst(Sarathi):
    """Passes of whole prompts while the head of the queue fits, otherwise passes of all decodes; never both in one."""

    def serves(self, request: Request, type_: ReplicaType) -> bool:
        """Also with all its tokens but the last in one pass."""
        return super().serves(request, type_) and request.prompt + request.output - 1 <= type_.max_batched_tokens

    def form(self, replica: Replica, forming: Pass) -> None:
        """New prompts; if none fits, the decodes."""
        self._admit(replica, forming)
        if not forming.chunks:
            self._decode(replica, forming)

    def _admit(self, replica: Replica, forming: Pass) -> None:
        while replica.waiting and self._has_room(replica, replica.waiting[0]):
            request = replica.waiting[0]
            chunk = request.tokens - known_tokens(request)
            # As on a server that pads all prompts of a pass to the longest.
            padded = (len(forming.chunks) + 1) * max([chunk, *forming.chunks.values()])
            if padded > replica.type.max_batched_tokens:
                return
            self._start(replica, request)
            forming.give(request, chunk)


def watermark_blocks(type_: ReplicaType) -> int:
    """Blocks that an admission must leave free: one in a hundred, and one at least."""
    return max(1, type_.blocks // 100)


def known_tokens(request: Request) -> int:
    """Tokens whose KV is there without computing: whole blocks of its `cached` prefix, the last token left out."""
    return min(request.cached // BLOCK_TOKENS, (request.tokens - 1) // BLOCK_TOKENS) * BLOCK_TOKENS


SCHEDULERS: Mapping[str, Scheduler] = MappingProxyType(
    {"vllm_v1": VllmV1(), "sarathi": Sarathi(), "prefill_first": PrefillFirst()}
)
"""Every scheduler by the name that replica types carry."""
