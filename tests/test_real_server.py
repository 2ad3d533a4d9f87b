"""A real server of OpenAI's protocol, `transformers serve`, with a model of random weights made here."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from libraries import Library

from assistant.answering import Assistant
from assistant.writing.rewriting import try_model
from knowledge_base.settings import Settings

MISSING = [name for name in ("fastapi", "accelerate", "transformers") if importlib.util.find_spec(name) is None]
SECONDS = 120

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"transformers serve needs {', '.join(MISSING)}: no real server is tried"),
]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a Llama of one layer with random weights that writes bytes."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("models") / "random"
    torch.manual_seed(0)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=300, special_tokens=["<s>", "</s>"], initial_alphabet=alphabet)
    tokenizer.train_from_iterator(["the tide is high"], trainer)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="</s>")
    fast.chat_template = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant:"
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = LlamaConfig(vocab_size=len(fast), num_key_value_heads=2, max_position_embeddings=16384, **sizes)
    LlamaForCausalLM(config).save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def address(model: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).with_name("transformers")), "serve", str(model), "--host", "127.0.0.1"]
    environment = os.environ | {"HF_HUB_OFFLINE": "1"}
    server = subprocess.Popen(
        [*command, "--port", str(port), "--device", "cpu"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/health", server)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.terminate()
        server.wait(20)


def wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    end = monotonic() + SECONDS
    while monotonic() < end and server.poll() is None:
        try:
            with urlopen(address, timeout=5):
                return
        except (URLError, ConnectionError, TimeoutError):
            try:
                server.wait(0.5)
            except subprocess.TimeoutExpired:
                continue
    raise AssertionError("transformers serve did not start")


def test_a_real_server_is_read_to_the_end_and_nothing_it_makes_up_is_supported(
    address: str, model: Path, shared_library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    settings = Settings(
        data_dir=shared_library.data_dir, chat_model=f"openai:{model}", chat_base_url=address, chat_max_tokens=60
    )
    assert try_model(settings) > 0
    with Assistant.open(settings) as assistant:
        answer = assistant.ask("When was the lighthouse at Grey Point built?")
    assert answer.mode == "extractive" and "1874" in answer.text
    assert answer.writing is not None and answer.writing.output_tokens > 0 and answer.writing.supported == 0
    assert answer.writing.fault in ("unsupported", "language", "empty", "length")
