"""Train the network on groups."""

from __future__ import annotations

import json
import logging
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import torch
from torch import Tensor
from torch.nn import functional

from knowledge_base.models.evidence import PairTokenizer
from knowledge_base.models.evidence_network import ANSWERS, RANK, EvidenceNetwork
from training.groups import Group

logger = logging.getLogger(__name__)

SORTED_BATCHES = 16  # batches within which groups are put together by length


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """How the weights are fitted: learning rates at their highest, the share of the steps in which they rise, the weight of the
    loss on whether a text answers, and the share that the running mean of the weights keeps at each step.
    """

    frozen_layers: int = 2
    batch: int = 8
    rate: float = 1e-4
    head_rate: float = 1e-3
    warm_up: float = 0.05
    answer_weight: float = 0.0
    averaged: float = 0.0
    dropout: bool = False
    kept_every: int = 100


PLANS = {
    "first": TrainingPlan(dropout=True),
    "full": TrainingPlan(answer_weight=0.5, averaged=0.98),
    "neighbours": TrainingPlan(rate=7e-5, head_rate=2e-4, answer_weight=0.5, averaged=0.9, kept_every=50),
    "wide": TrainingPlan(answer_weight=0.5, averaged=0.98),
    "briefs": TrainingPlan(answer_weight=0.5, averaged=0.98),
    "reports": TrainingPlan(answer_weight=0.5, averaged=0.98),
}


class Trainer:
    """Fits a network on groups and writes what it learnt to a folder."""

    def __init__(self, network: EvidenceNetwork, tokenizer: PairTokenizer, plan: TrainingPlan, folder: Path) -> None:
        self._network = network
        self._tokenizer = tokenizer
        self._plan = plan
        self._folder = folder
        self._half = "avx512_bf16" in _processor_flags()
        self._parameters = _freeze(network, plan.frozen_layers)
        head = [p for n, p in self._parameters.items() if n.startswith("head.")]
        rest = [p for n, p in self._parameters.items() if not n.startswith("head.")]
        self._optimizer = torch.optim.AdamW(
            [{"params": rest, "lr": plan.rate}, {"params": head, "lr": plan.head_rate}], weight_decay=0.01
        )
        self._mean = {name: p.detach().clone() for name, p in self._parameters.items()}

    def fit(self, groups: Sequence[Group], chance: random.Random) -> None:
        """Go through the groups once, the rate rising over the warm-up and then falling to nothing."""
        batches = list(_batches(groups, self._plan.batch, chance))
        warm = max(1, int(self._plan.warm_up * len(batches)))
        schedule = torch.optim.lr_scheduler.LambdaLR(
            self._optimizer, lambda step: min((step + 1) / warm, (len(batches) - step) / max(1, len(batches) - warm))
        )
        self._network.train(self._plan.dropout)
        losses, started = [], perf_counter()
        for step, batch in enumerate(batches, 1):
            loss = self._loss(batch)
            self._optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(self._parameters.values(), 1.0)
            self._optimizer.step()
            schedule.step()
            self._average(step)
            losses.append(loss.item())
            if step % 50 == 0 or step == len(batches):
                pace = (perf_counter() - started) / step
                left = pace * (len(batches) - step) / 60
                logger.info(
                    "step %d of %d: loss %.3f, %.0f min left", step, len(batches), sum(losses[-50:]) / len(losses[-50:]), left
                )
            if step % self._plan.kept_every == 0 or step == len(batches):
                self._keep(step)

    def _loss(self, batch: Sequence[Group]) -> Tensor:
        pairs = [(group.question, text) for group in batch for text in group.texts]
        inputs = {name: torch.from_numpy(array) for name, array in self._tokenizer.padded(pairs).items()}
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self._half):
            logits = self._network(**inputs).float()
        parts = torch.split(logits, [len(group.texts) for group in batch])
        ranked = [_rank_loss(part) for part, group in zip(parts, batch, strict=True) if group.answered and len(part) > 1]
        loss = torch.stack(ranked).mean() if ranked else logits.sum() * 0
        if self._plan.answer_weight:
            answered = torch.stack([_answer_loss(part, group) for part, group in zip(parts, batch, strict=True)])
            loss = loss + self._plan.answer_weight * answered.mean()
        return loss

    def _average(self, step: int) -> None:
        kept = min(self._plan.averaged, step / (step + 10))
        with torch.no_grad():
            for name, parameter in self._parameters.items():
                self._mean[name].lerp_(parameter, 1 - kept)

    def _keep(self, step: int) -> None:
        from safetensors.torch import save_file

        weights = self._network.trained_weights(self._plan.frozen_layers)
        mean = {name.replace("transformer.encoder.", ""): value for name, value in self._mean.items()}
        kept = {name: mean[name].half().contiguous() for name in weights}
        save_file(kept, self._folder / f"step-{step:05}.safetensors", {"format": "pt", "step": str(step)})


def _rank_loss(logits: Tensor) -> Tensor:
    """Return the cross-entropy of the first text being the best of its group."""
    return functional.cross_entropy(logits[:, RANK].unsqueeze(0), torch.zeros(1, dtype=torch.int64))


def _answer_loss(logits: Tensor, group: Group) -> Tensor:
    """Return the cross-entropy of which texts answer; of a group that none answers, the best text's."""
    sure = torch.tensor(group.sure)
    scores = logits[sure, ANSWERS]
    if not group.answered:
        return functional.softplus(scores).max() if len(scores) else logits.sum() * 0
    target = torch.zeros(len(scores))
    target[0] = 1.0
    return functional.binary_cross_entropy_with_logits(scores, target)


def _freeze(network: EvidenceNetwork, frozen_layers: int) -> dict[str, torch.nn.Parameter]:
    """Let only the later layers and the head learn; return what learns, by name."""
    for name, parameter in network.named_parameters():
        layer = name.removeprefix("transformer.encoder.layer.").split(".")[0]
        learns = name.startswith("head.") or (layer.isdecimal() and int(layer) >= frozen_layers)
        parameter.requires_grad_(learns)
    return {name: parameter for name, parameter in network.named_parameters() if parameter.requires_grad}


def _batches(groups: Sequence[Group], size: int, chance: random.Random) -> Iterator[list[Group]]:
    """Give batches of groups of near lengths, in random order."""
    batches = []
    for start in range(0, len(groups), size * SORTED_BATCHES):
        part = sorted(groups[start : start + size * SORTED_BATCHES], key=lambda group: max(map(len, group.texts)))
        inside = [part[first : first + size] for first in range(0, len(part), size)]
        chance.shuffle(inside)
        batches += inside
    yield from batches


def _processor_flags() -> str:
    path = Path("/proc/cpuinfo")
    return path.read_text() if path.exists() else ""


def log_to(folder: Path, settings: dict[str, object]) -> None:
    """Write down what is trained, and log to the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "plan.json").write_text(json.dumps(settings, indent=1))
    logging.basicConfig(level=logging.INFO, filename=folder / "log.txt", format="%(asctime)s %(message)s")
