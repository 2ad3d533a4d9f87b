"""The tools for agents, called by the SDK's own client over both transports."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from libraries import Library
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.types import CallToolResult, ImageContent, TextContent

from assistant.workbench.tools import TOOLS

ROOT = Path(__file__).resolve().parents[1]
QUESTION = "What does it cost to replace a pier?"
SENTENCE = "Replacing a rotten pier costs ninety thousand crowns."

Session = Callable[[Client], Awaitable[Any]]


def command(data_dir: Path, *options: str) -> list[str]:
    return ["-m", "assistant", "mcp", "--data-dir", str(data_dir), *options]


def over_stdio(data_dir: Path, session: Session) -> Any:
    async def run() -> Any:
        place = StdioServerParameters(command=sys.executable, args=command(data_dir), cwd=ROOT)
        async with Client(place) as client:
            return await session(client)

    return asyncio.run(run())


@pytest.fixture(scope="module")
def served(shared_library: Library) -> Iterator[str]:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, *command(shared_library.data_dir, "--http", str(port))], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr and f":{port}/mcp" in process.stderr.readline()
    yield f"http://127.0.0.1:{port}/mcp"
    process.kill()
    process.wait()
    process.stderr.close()


def over_http(address: str, session: Session) -> Any:
    async def run() -> Any:
        async with Client(address) as client:
            return await session(client)

    return asyncio.run(run())


def text_of(result: CallToolResult) -> str:
    content = result.content[-1]
    assert isinstance(content, TextContent)
    return content.text


def asked(library: Library, question: str = QUESTION) -> dict[str, Any]:
    answer: dict[str, Any] = library.ask(question).json
    return answer | {"seconds": 0}


async def each_tool(client: Client) -> dict[str, CallToolResult]:
    calls: dict[str, dict[str, Any]] = {
        "search": {"query": SENTENCE, "limit": 2},
        "ask": {"question": QUESTION},
        "get_passage": {"source": "survey.pdf", "page": 2},
        "get_page_image": {"source": "survey.pdf", "page": 2, "start": 0, "end": 20},
        "verify_quote": {"quote": SENTENCE.replace(" ", "\n", 1)},
        "check_draft": {"text": SENTENCE},
        "coverage": {"term": SENTENCE.split()[-1].strip(".")},
        "register_count": {"group_by": "country"},
        "list_documents": {"words": "survey"},
    }
    assert set(calls) == set(TOOLS)
    return {name: await client.call_tool(name, arguments) for name, arguments in calls.items()}


def check_each(results: dict[str, CallToolResult], library: Library) -> None:
    found: dict[str, Any] = {name: result.structured_content for name, result in results.items()}
    assert not any(result.is_error for result in results.values())
    assert {result["generation"] for result in found.values()} == {"000001"}
    assert found["ask"] | {"seconds": 0} == asked(library)
    assert json.loads(text_of(results["ask"])) == found["ask"]
    best = found["search"]["results"][0]
    assert (best["source"], best["page"]) == ("survey.pdf", 2) and len(found["search"]["results"]) == 2
    assert best["link"].startswith("/source?source=survey.pdf&page=2&start=") and "check=" in best["link"]
    page = found["get_passage"]
    assert page["text"][best["start"] : best["end"]] == best["text"] and page["characters"] == len(page["text"])
    picture = results["get_page_image"].content[0]
    assert isinstance(picture, ImageContent) and b64decode(picture.data).startswith(b"\x89PNG")
    assert "data" not in found["get_page_image"]
    quoted = found["verify_quote"]
    place = quoted["places"][0]
    assert quoted["status"] == "same_words" and page["text"][place["start"] : place["end"]] == place["text"] == SENTENCE
    assert [each["status"] for each in found["check_draft"]["sentences"]] == ["verbatim"]
    assert "survey.pdf" in [row["source"] for row in found["coverage"]["rows"]]
    assert found["register_count"]["count"] == 1
    assert found["register_count"]["groups"] == [{"key": "NOR", "count": 1}]
    assert found["register_count"]["citations"][0]["source"] == "supporters/saltholm.md"
    assert [d["source"] for d in found["list_documents"]["documents"]] == ["survey.pdf"]


def test_each_tool_over_standard_streams(shared_library: Library) -> None:
    check_each(over_stdio(shared_library.data_dir, each_tool), shared_library)


def test_each_tool_over_http(served: str, shared_library: Library) -> None:
    check_each(over_http(served, each_tool), shared_library)


def test_tools_are_described_typed_and_read_only(served: str) -> None:
    tools = over_http(served, lambda client: client.list_tools()).tools
    assert tuple(tool.name for tool in tools) == TOOLS
    for tool in tools:
        assert tool.description and tool.annotations.read_only_hint and not tool.annotations.destructive_hint
        assert tool.input_schema["additionalProperties"] is False and tool.output_schema["type"] == "object"
        assert all("description" in taken for taken in tool.input_schema["properties"].values())


@pytest.mark.parametrize(
    ("tool", "arguments", "told"),
    [
        ("ask", {}, "question: Field required. It takes question, history, mode."),
        ("ask", {"question": "?", "colour": "red"}, "colour: Extra inputs are not permitted"),
        ("ask", {"question": "x" * 1001}, "Shorten it"),
        ("ask", {"question": "Who?", "mode": "generative"}, "PARISCALL_CHAT_MODEL"),
        ("search", {"query": "pier", "limit": 0}, "limit: Input should be greater than or equal to 1"),
        ("get_passage", {"source": "gone.pdf"}, "list_documents names those that it holds"),
        ("get_passage", {"source": "survey.pdf"}, "Say which one with `page`"),
        ("get_passage", {"source": "survey.pdf", "page": 99}, "It has pages 1 to 2."),
        ("get_passage", {"source": "charter.md", "page": 1}, "leave `page` out"),
        ("get_passage", {"source": "charter.md", "start": 10**6}, "Leave start and end out"),
        ("get_page_image", {"source": "charter.md", "page": 1}, "leave `page` out"),
        ("register_count", {"place": "Atlantis"}, "ISO 3166-1 alpha-3"),
        ("fly", {}, "The tools are search, ask,"),
    ],
)
def test_bad_arguments_are_told_with_the_remedy(served: str, tool: str, arguments: dict[str, Any], told: str) -> None:
    result = over_http(served, lambda client: client.call_tool(tool, arguments))
    assert result.is_error and told in text_of(result) and "Traceback" not in text_of(result)


def test_a_generation_published_meanwhile_is_taken_at_the_next_call(library: Library) -> None:
    async def session(client: Client) -> list[dict[str, Any]]:
        before = await client.call_tool("ask", {"question": QUESTION})
        minutes = library.documents / "minutes.txt"
        minutes.write_text("The ferry to Saltholm sails at noon on Sundays only.\n", encoding="utf-8")
        assert library.sync().code == 0
        after = await client.call_tool("ask", {"question": "When does the ferry to Saltholm sail?"})
        quoted = await client.call_tool("verify_quote", {"quote": "sails at noon on Sundays only"})
        return [before.structured_content or {}, after.structured_content or {}, quoted.structured_content or {}]

    before, after, quoted = over_stdio(library.data_dir, session)
    assert (before["generation"], after["generation"], quoted["status"]) == ("000001", "000002", "verbatim")
    assert after | {"seconds": 0} == asked(library, "When does the ferry to Saltholm sail?")


def test_nothing_but_the_protocol_is_on_standard_output(shared_library: Library) -> None:
    about = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    messages = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": about},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "ask", "arguments": {"question": QUESTION}}},
        {"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {"name": "ask", "arguments": {"question": 7}}},
    ]
    process = subprocess.Popen(
        [sys.executable, *command(shared_library.data_dir)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin and process.stdout
    for message in messages:
        process.stdin.write(json.dumps(message) + "\n")
        process.stdin.flush()
    lines = [json.loads(process.stdout.readline()) for _ in range(3)]
    rest, errors = process.communicate(timeout=30)  # which closes its input, and so ends it
    assert {line["id"] for line in lines} == {1, 2, 3} and rest == "" and process.returncode == 0
    assert "Traceback" not in errors


def test_without_an_index_a_tool_tells_how_to_build_one(tmp_path: Path) -> None:
    result = over_stdio(tmp_path, lambda client: client.call_tool("ask", {"question": QUESTION}))
    assert result.is_error and "python -m ingest sync" in text_of(result)


def test_quick_calls_do_not_wait_behind_the_loop(served: str) -> None:
    """Listing the tools is answered while pages are drawn."""

    async def session(client: Client) -> tuple[float, float]:
        started = time.perf_counter()
        drawing = asyncio.gather(
            *(client.call_tool("get_page_image", {"source": "survey.pdf", "page": n % 2 + 1}) for n in range(6))
        )
        await asyncio.sleep(0.05)
        await client.list_tools()
        listed = time.perf_counter() - started
        await drawing
        return listed, time.perf_counter() - started

    listed, drawn = over_http(served, session)
    assert listed < drawn
