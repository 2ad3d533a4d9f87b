"""Train the reader's network: two processes of one thread each, which meet once a step."""

from __future__ import annotations

import logging
import os
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import torch
from torch import Tensor, distributed
from torch.nn import functional

from training.reader_groups import Batch, Group, GroupMaker, collated
from training.reader_network import ANSWERS, ENDS, RANK, SENTENCE, STARTS, WORDS, ReaderNetwork

logger = logging.getLogger(__name__)

SORTED = 32  # batches within which groups are put together by length
WEIGHTS = {"rank": 1.0, "answers": 1.0, "sentence": 0.5, "pick": 0.5, "span": 0.3}
AWAY = -1e4


@dataclass(frozen=True, slots=True)
class ReaderPlan:
    """How the weights are fitted: `steps` of `batch` groups, the rates at their highest, the share of the running mean kept.

    The rate rises for `warm_up` steps and falls to nothing. The state is written each `kept_every` steps.
    """

    steps: int = 1_500
    batch: int = 12
    rate: float = 2.5e-4
    head_rate: float = 1e-3
    kind_rate: float = 3e-3
    warm_up: int = 60
    averaged: float = 0.98
    kept_every: int = 100
    seed: int = 1
    processes: int = 2


class Trainer:
    """One of the processes: reads its share of each batch, and learns from the mean gradient of all."""

    def __init__(self, network: ReaderNetwork, maker: GroupMaker, plan: ReaderPlan, folder: Path, rank: int) -> None:
        self._network, self._maker, self._plan, self._folder, self._rank = network, maker, plan, folder, rank
        network.words.weight.requires_grad_(False)
        self._learnt = {name: weight for name, weight in network.named_parameters() if weight.requires_grad}
        self._optimizer = torch.optim.AdamW(_by_rate(self._learnt, plan), betas=(0.9, 0.98))
        self._schedule = torch.optim.lr_scheduler.LambdaLR(
            self._optimizer, lambda step: min((step + 1) / plan.warm_up, max(0.0, 1 - step / plan.steps))
        )
        self._mean = {name: weight.detach().clone() for name, weight in self._learnt.items()}
        self._half = "avx512_bf16" in _processor_flags()
        self._step = 0

    def fit(self) -> None:
        """Go on from the state in the folder, where there is one, to the last step."""
        self._resume()
        self._network.train()
        started, begun = perf_counter(), self._step
        for batch in self._batches():
            losses = self._learn(batch[self._rank :: self._plan.processes])
            if self._rank == 0 and self._step % 25 == 0:
                pace = (perf_counter() - started) / (self._step - begun)
                told = ", ".join(f"{name} {float(value.detach()):.3f}" for name, value in losses.items())
                left = pace * (self._plan.steps - self._step) / 60
                logger.info("step %d of %d: %s; %.0f min left", self._step, self._plan.steps, told, left)
            if self._rank == 0 and (self._step % self._plan.kept_every == 0 or self._step == self._plan.steps):
                self._keep()

    def _batches(self) -> Iterator[list[Group]]:
        """Give the batches of the steps that are left, each of groups of near lengths."""
        plan = self._plan
        numbers: list[int] = []
        round_ = 0
        while len(numbers) < plan.steps * plan.batch:
            numbers += self._maker.plan(plan.seed + round_)
            round_ += 1
        for first in range(0, plan.steps, SORTED):
            if first + SORTED <= self._step:
                continue
            part = numbers[first * plan.batch : min(first + SORTED, plan.steps) * plan.batch]
            seeds = range(plan.seed * 10**7 + first * plan.batch, plan.seed * 10**7 + first * plan.batch + len(part))
            groups = [group for number, seed in zip(part, seeds, strict=True) if (group := self._maker.group(number, seed))]
            groups.sort(key=lambda group: max(len(example.pair.ids) for example in group))
            batches = [groups[start : start + plan.batch] for start in range(0, len(groups), plan.batch)]
            random.Random(first).shuffle(batches)
            yield from batches[max(0, self._step - first) :]

    def _learn(self, groups: Sequence[Group]) -> dict[str, Tensor]:
        self._optimizer.zero_grad(set_to_none=False)
        losses: dict[str, Tensor] = {}
        if groups:
            batch = collated(groups)
            losses = reader_losses(self._network, batch, self._half)
            sum(WEIGHTS[name] * loss for name, loss in losses.items()).backward()  # type: ignore[union-attr]
        weights = list(self._learnt.values())
        gradient = torch.cat([(w.grad if w.grad is not None else torch.zeros_like(w)).flatten() for w in weights])
        if self._plan.processes > 1:
            distributed.all_reduce(gradient)
        gradient /= self._plan.processes
        gradient *= min(1.0, 1 / (float(gradient.norm()) + 1e-6))
        for weight, part in zip(weights, torch.split(gradient, [w.numel() for w in weights]), strict=True):
            weight.grad = part.view_as(weight).clone()
        self._optimizer.step()
        self._schedule.step()
        self._step += 1
        kept = min(self._plan.averaged, self._step / (self._step + 10))
        with torch.no_grad():
            for name, weight in self._learnt.items():
                self._mean[name].lerp_(weight, 1 - kept)
        return losses

    def _keep(self) -> None:
        state = {
            "network": self._network.state_dict(),
            "mean": self._mean,
            "optimizer": self._optimizer.state_dict(),
            "schedule": self._schedule.state_dict(),
            "step": self._step,
        }
        partial = self._folder / "state.partial"
        torch.save(state, partial)
        partial.replace(self._folder / "state.pt")

    def _resume(self) -> None:
        file = self._folder / "state.pt"
        if not file.exists():
            return
        state = torch.load(file, weights_only=True)
        self._network.load_state_dict(state["network"])
        self._mean, self._step = state["mean"], int(state["step"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._schedule.load_state_dict(state["schedule"])


def learnt_weights(folder: Path) -> dict[str, Tensor]:
    """Return the running mean of the weights that training wrote to a folder."""
    state = torch.load(folder / "state.pt", weights_only=True)
    weights: dict[str, Tensor] = state["network"] | state["mean"]
    return weights


def train(make: Callable[[], tuple[ReaderNetwork, GroupMaker]], plan: ReaderPlan, folder: Path) -> None:
    """Train in as many processes as the plan says; `make` opens the network and the groups in each (and can be pickled)."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.multiprocessing.start_processes(_process, (make, plan, folder), nprocs=plan.processes, start_method="spawn")  # type: ignore[attr-defined, no-untyped-call]


def _process(rank: int, make: Callable[[], tuple[ReaderNetwork, GroupMaker]], plan: ReaderPlan, folder: Path) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(plan.seed)
    logging.basicConfig(level=logging.INFO, filename=folder / "log.txt", format="%(asctime)s %(message)s")
    if plan.processes > 1:
        meeting = f"file://{(folder / f'meeting-{os.getppid()}').absolute()}"
        distributed.init_process_group("gloo", init_method=meeting, rank=rank, world_size=plan.processes)
    Trainer(*make(), plan, folder, rank).fit()
    if plan.processes > 1:
        distributed.barrier()
        distributed.destroy_process_group()


# Losses


def reader_losses(network: ReaderNetwork, batch: Batch, half: bool) -> dict[str, Tensor]:
    """Return the loss of each kind of a batch."""
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        pieces, whole = network(*map(torch.from_numpy, (batch.ids, batch.kinds, batch.mask)))
    pieces, whole = pieces.float(), whole.float()
    labels = torch.from_numpy(batch.labels)
    scores, known = sentence_scores(pieces[..., SENTENCE], torch.from_numpy(batch.sentences), labels)
    each = functional.binary_cross_entropy_with_logits(scores, labels.clamp(min=0), reduction="none")
    nothing = pieces.sum() * 0
    rank, pick = [], []
    start = 0
    for size, answered in zip(batch.sizes, batch.answered, strict=True):
        rows = slice(start, start + size)
        start += size
        if not answered:
            continue
        if size > 1:
            rank.append(functional.cross_entropy(whole[rows, RANK].unsqueeze(0), torch.zeros(1, dtype=torch.long)))
        right = known[rows] & (labels[rows] == 1)
        if right[0].any() and known[rows][0].sum() > 1:
            pick.append(torch.logsumexp(scores[rows][known[rows]], 0) - torch.logsumexp(scores[rows][right], 0))
    return {
        "rank": torch.stack(rank).mean() if rank else nothing,
        "answers": functional.binary_cross_entropy_with_logits(whole[:, ANSWERS], torch.from_numpy(batch.answers)),
        "sentence": (each * known).sum() / known.sum().clamp(min=1),
        "pick": torch.stack(pick).mean() if pick else nothing,
        "span": _span_loss(pieces, batch) if batch.spanned.any() else nothing,
    }


def sentence_scores(logits: Tensor, numbers: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean logit of each sentence's pieces, and which sentences were read and are known, both like the labels."""
    inside, places = (numbers >= 0).float(), numbers.clamp(min=0)
    sums = torch.zeros_like(labels).scatter_add(1, places, logits * inside)
    sizes = torch.zeros_like(labels).scatter_add(1, places, inside)
    return sums / sizes.clamp(min=1), (labels >= 0) & (sizes > 0)


def _span_loss(pieces: Tensor, batch: Batch) -> Tensor:
    """Return the cross-entropy of the short answer's ends among the passage's pieces and the first, which stands for none."""
    spanned = torch.from_numpy(batch.spanned)
    allowed = torch.from_numpy(batch.mask * (batch.kinds % 2)).bool()
    allowed[:, 0] = True
    spans = torch.from_numpy(batch.spans)[spanned]
    ends = (pieces[spanned][..., column].masked_fill(~allowed[spanned], AWAY) for column in (STARTS, ENDS))
    return torch.stack([functional.cross_entropy(logits, spans[:, side]) for side, logits in enumerate(ends)]).mean()


def _by_rate(learnt: dict[str, torch.nn.Parameter], plan: ReaderPlan) -> list[dict[str, object]]:
    """Return the optimiser's groups of weights: heads, kinds, matrices, and what is not pulled to nothing."""
    heads = [w for n, w in learnt.items() if "head" in n]
    kinds = [w for n, w in learnt.items() if n.startswith("kinds")]
    rest = [w for n, w in learnt.items() if "head" not in n and not n.startswith("kinds") and n != WORDS]
    return [
        {"params": [w for w in rest if w.dim() > 1], "lr": plan.rate, "weight_decay": 0.01},
        {"params": [w for w in rest if w.dim() == 1], "lr": plan.rate, "weight_decay": 0.0},
        {"params": heads, "lr": plan.head_rate, "weight_decay": 0.0},
        {"params": kinds, "lr": plan.kind_rate, "weight_decay": 0.0},
    ]


def _processor_flags() -> str:
    path = Path("/proc/cpuinfo")
    return path.read_text() if path.exists() else ""
