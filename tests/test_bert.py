"""The packaged models without PyTorch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from knowledge_base.errors import ModelError
from knowledge_base.models.batches import ONE_TEXT, open_tokenizer, padded
from knowledge_base.models.bert import Bert
from knowledge_base.models.embeddings import PROBE, Embedder
from knowledge_base.models.packaged_model import MINILM

WITHOUT_TORCH = """
import sys
from pathlib import Path
for name in ("torch", "transformers", "sentence_transformers"):
    sys.modules[name] = None
from knowledge_base.models.embeddings import open_embedder
from knowledge_base.models.evidence import open_evidence_model
from knowledge_base.settings import Settings
settings = Settings(cache_dir=Path(sys.argv[1]))
print(type(open_embedder(settings)).__name__, type(open_evidence_model(settings)).__name__)
try:
    open_embedder(Settings(embedding_model=sys.argv[2], cache_dir=Path(sys.argv[1])))
except Exception as error:
    print(error)
"""


def test_both_models_are_compiled_where_torch_is_not_installed(tmp_path: Path, tiny_model: Path) -> None:
    arguments = [sys.executable, "-c", WITHOUT_TORCH, str(tmp_path), str(tiny_model)]
    run = subprocess.run(arguments, capture_output=True, text=True, check=True, timeout=200)
    first, second = run.stdout.splitlines()
    assert first == "CompiledEmbedder CompiledEvidenceModel" and run.stderr == ""
    assert "needs PyTorch" in second and "paris-call-assistant[torch]" in second


def test_numpy_gives_the_published_vector(embedder: Embedder) -> None:
    encoding = open_tokenizer(MINILM.tokenizer_file).encode(PROBE)
    vector = Bert.read(MINILM.folder, MINILM.remedy).calculate(padded([encoding], ONE_TEXT, MINILM.max_tokens))[0]
    assert vector[: len(MINILM.probe)] == pytest.approx(MINILM.probe, abs=1e-3)
    assert float(vector @ embedder.encode([PROBE])[0]) > 0.999 and np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_weights_that_are_not_there_name_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be loaded") as caught:
        Bert.read(tmp_path, "Install it again.")
    assert caught.value.remedy == "Install it again."
