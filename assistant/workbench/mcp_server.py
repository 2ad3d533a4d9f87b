"""The tools for agents, by the Model Context Protocol: over standard input and output, or over HTTP on this machine."""

from __future__ import annotations

import json
import logging
import socket
import sys
from contextlib import closing, suppress
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from assistant.workbench.access import AccessGuard
from assistant.workbench.tools import TOOLS, OpenLibrary, Tools, arguments_of, description_of, result_schema
from knowledge_base.errors import KnowledgeBaseError, unexpected
from knowledge_base.settings import Settings

if TYPE_CHECKING:
    from mcp.server.context import ServerRequestContext
    from mcp.server.lowlevel import Server
    from mcp.types import CallToolRequestParams, CallToolResult, ListToolsResult, PaginatedRequestParams

INSTRUCTIONS = (
    "Answers on the indexed documents about the Paris Call for Trust and Security in Cyberspace, every sentence quoted letter"
    " for letter from a page. Quote only what a result quotes, with its document and page; verify_quote tells whether words"
    " stand in the documents. Where `abstained` is true the documents do not answer."
)

log = logging.getLogger(__name__)


def serve(settings: Settings, listener: socket.socket | None) -> None:
    """Serve the tools until the client ends, or on a listening socket by HTTP at /mcp until it is interrupted."""
    import anyio

    with closing(OpenLibrary(settings)) as library, closing(Tools(settings, library.held)) as tools:
        server = mcp_server(tools)
        if listener is None:
            anyio.run(partial(_over_standard_streams, server))
            return
        import uvicorn

        application = AccessGuard(server.streamable_http_app(json_response=True, stateless_http=True), settings)
        config = uvicorn.Config(application, log_config=None, log_level="warning", access_log=False, server_header=False)
        print(
            f"The tools are at http://127.0.0.1:{listener.getsockname()[1]}/mcp (Ctrl-C ends it).", file=sys.stderr, flush=True
        )
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listener])


def mcp_server(tools: Tools) -> Server[Any]:
    """Return the server of the protocol; a tool runs in a thread, so that others may be called meanwhile."""
    import anyio
    from mcp.server.lowlevel import Server
    from mcp.types import CallToolResult, ImageContent, ListToolsResult, TextContent, Tool, ToolAnnotations

    read_only = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)

    async def list_tools(_: ServerRequestContext[Any], __: PaginatedRequestParams | None) -> ListToolsResult:
        listed = []
        for name in TOOLS:
            returned = result_schema(name)
            if "mime_type" in returned.get("properties", {}):  # the picture comes as an image, not as text too
                del returned["properties"]["data"]
                returned["required"].remove("data")
            title, taken = name.replace("_", " ").capitalize(), arguments_of(name).model_json_schema()
            told = description_of(name)
            tool = Tool(name=name, title=title, description=told, input_schema=taken, output_schema=returned)
            listed.append(tool.model_copy(update={"annotations": read_only}))
        return ListToolsResult(tools=listed)

    async def call_tool(_: ServerRequestContext[Any], asked: CallToolRequestParams) -> CallToolResult:
        try:
            result = await anyio.to_thread.run_sync(tools.call, asked.name, asked.arguments or {})
        except KnowledgeBaseError as error:
            return CallToolResult(content=[TextContent(text=str(error))], is_error=True)
        except Exception as error:  # a border: an agent is told, the log says where
            log.exception("The tool %s failed.", asked.name)
            return CallToolResult(content=[TextContent(text=unexpected(error))], is_error=True)
        pictures = [ImageContent(data=result["data"], mime_type=result["mime_type"])] if "mime_type" in result else []
        told = {name: value for name, value in result.items() if not (pictures and name == "data")}
        text = TextContent(text=json.dumps(told, ensure_ascii=False))
        return CallToolResult(content=[*pictures, text], structured_content=told)

    return Server(
        "pariscall",
        version=version("paris-call-assistant"),
        title="Paris Call assistant",
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


async def _over_standard_streams(server: Server[Any]) -> None:
    """Serve one client; what a library prints meanwhile goes to standard error."""
    from mcp.server.stdio import stdio_server

    async with stdio_server() as (received, sent):
        await server.run(received, sent, server.create_initialization_options())
