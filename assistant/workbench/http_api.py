"""The tools as JSON over HTTP under /api/v1 with an OpenAPI description, and a chat endpoint for OpenAI's clients."""

from __future__ import annotations

import json
import secrets
import time
from base64 import b64decode
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from assistant.answers import Answer, as_json, citation_as_json
from assistant.messages import message
from assistant.workbench.access import MOST_BODY_BYTES, PROBLEM, AccessGuard, problem
from assistant.workbench.tools import TOOLS, NotFoundError, Tools, arguments_of, description_of, result_schema
from knowledge_base.errors import DamagedIndexError, KnowledgeBaseError, ModelError, NoIndexError, StorageError, unexpected
from knowledge_base.language.words import question_language
from knowledge_base.settings import Settings

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

PREFIXES = ("/api/v1/", "/v1/")
MODEL = "pariscall"
LLMS_TXT = """\
# Paris Call assistant

> Answers on the Paris Call for Trust and Security in Cyberspace from indexed documents: every sentence is quoted letter for
> letter, with document, page and offsets; questions that the documents do not answer are refused.

## For programs

- [OpenAPI description](/api/v1/openapi.json): the tools as JSON by GET or POST: {tools}
- [Chat completions](/v1/models): an OpenAI-compatible endpoint, POST /v1/chat/completions, model `pariscall`
- `python -m assistant mcp`: the same tools by the Model Context Protocol
"""
_NOT_AVAILABLE = (NoIndexError, DamagedIndexError, ModelError, StorageError)


class _Refused(Exception):
    """A request that is answered with an error: its status, and the reason with the remedy."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


def api_routes(settings: Settings, tools: Tools) -> list[BaseRoute]:
    """Return the routes of both APIs, guarded, and of /llms.txt."""
    from starlette.applications import Starlette
    from starlette.exceptions import HTTPException
    from starlette.middleware import Middleware
    from starlette.responses import JSONResponse, PlainTextResponse
    from starlette.routing import Mount, Route

    async def description(_: Request) -> Response:
        return JSONResponse(openapi())

    async def models(_: Request) -> Response:
        listed = {"id": MODEL, "object": "model", "created": 0, "owned_by": "paris-call-assistant"}
        return JSONResponse({"object": "list", "data": [listed]})

    async def for_models(_: Request) -> Response:
        return PlainTextResponse(LLMS_TXT.format(tools=", ".join(TOOLS)))

    tool_routes: list[BaseRoute] = [Route("/openapi.json", description)]
    tool_routes += [Route(f"/{name}", partial(_tool, tools, name), methods=["GET", "POST"]) for name in TOOLS]
    chat_routes = [Route("/models", models), Route("/chat/completions", partial(_chat, tools), methods=["POST"])]
    guard = Middleware(AccessGuard, settings=settings)
    handlers = dict.fromkeys((HTTPException, _Refused, KnowledgeBaseError, Exception), _problem_of)
    return [
        Mount("/api/v1", Starlette(routes=tool_routes, middleware=[guard], exception_handlers=handlers)),
        Mount("/v1", Starlette(routes=chat_routes, middleware=[guard], exception_handlers=handlers)),
        Route("/llms.txt", for_models),
    ]


async def _tool(tools: Tools, name: str, request: Request) -> Response:
    """Run a tool with the arguments of the address or of a JSON body."""
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import JSONResponse, Response

    arguments = dict(request.query_params) if request.method != "POST" else await _body(request)
    result = await run_in_threadpool(tools.call, name, arguments)
    if "mime_type" in result and request.headers.get("accept", "").startswith("image/"):
        return Response(b64decode(result["data"]), media_type=result["mime_type"])
    return JSONResponse(result)


async def _body(request: Request) -> dict[str, Any]:
    """Return the JSON object of the body; raise _Refused where it is too large or is none."""
    received = bytearray()
    async for piece in request.stream():
        received += piece
        if len(received) > MOST_BODY_BYTES:
            raise _Refused(413, f"The body may have {MOST_BODY_BYTES} bytes. Send less.")
    try:
        found = json.loads(received or b"{}")
    except (ValueError, RecursionError) as error:
        raise _Refused(400, f"The body is not JSON: {error}. Send a JSON object.") from error
    if not isinstance(found, dict):
        raise _Refused(400, "The body is JSON, but no object. Send the arguments as a JSON object.")
    return found


async def _problem_of(request: Request, error: Exception) -> Response:
    """Return what an error is answered with: problem details, with what OpenAI's clients look for."""
    from starlette.exceptions import HTTPException
    from starlette.responses import JSONResponse

    headers = None
    if isinstance(error, HTTPException):
        status, detail, headers = error.status_code, f"{error.detail}. See /api/v1/openapi.json.", error.headers
    elif isinstance(error, _Refused):
        status, detail = error.status, str(error)
    elif isinstance(error, KnowledgeBaseError):
        status = 404 if isinstance(error, NotFoundError) else 503 if isinstance(error, _NOT_AVAILABLE) else 422
        detail = str(error)
    else:  # it is raised again by Starlette, and so logged
        status, detail = 500, unexpected(error)
    body: dict[str, Any] = problem(status, detail)
    if request.url.path.startswith("/v1/"):
        body["error"] = {"message": detail, "type": "invalid_request_error", "code": None, "param": None}
    return JSONResponse(body, status, headers, media_type=PROBLEM)


# Chat


async def _chat(tools: Tools, request: Request) -> Response:
    """Answer the last message, in the light of those before it, as a chat completion."""
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import JSONResponse, StreamingResponse

    asked = await _body(request)
    if asked.get("model", MODEL) != MODEL:
        raise _Refused(404, f"There is no model {str(asked['model'])[:80]!r}. The model is {MODEL}.")
    *history, question = _turns(asked.get("messages"))
    answer = await run_in_threadpool(tools.answer, question["content"], history[-50:])
    text = with_sources(answer)
    about = {"id": f"chatcmpl-{secrets.token_hex(12)}", "created": int(time.time()), "model": MODEL}
    counts = [sum(len(turn["content"].split()) for turn in (*history, question)), len(text.split())]
    usage = dict(zip(("prompt_tokens", "completion_tokens"), counts, strict=True)) | {"total_tokens": sum(counts)}
    if asked.get("stream"):
        wants_usage = isinstance(asked.get("stream_options"), dict) and asked["stream_options"].get("include_usage")
        events = _events(text, about, usage if wants_usage else None)
        return StreamingResponse(events, media_type="text/event-stream", headers={"Cache-Control": "no-store"})
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop", "logprobs": None}
    body = about | {"object": "chat.completion", "choices": [choice], "usage": usage, "answer": as_json(answer, None)}
    return JSONResponse(body)


def _turns(messages: Any) -> list[dict[str, str]]:
    """Return the turns of user and assistant; raise _Refused where the last of them is not a user's."""
    turns = []
    for entry in messages if isinstance(messages, list) else []:
        if isinstance(entry, dict) and entry.get("role") in ("user", "assistant"):
            content = entry.get("content") or ""
            if isinstance(content, list):
                content = "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
            turns.append({"role": entry["role"], "content": str(content)})
    if not turns or turns[-1]["role"] != "user":
        raise _Refused(422, "`messages` must be a list that ends with a message of the role user.")
    return turns


def with_sources(answer: Answer) -> str:
    """Return an answer with the quotes that its [numbers] refer to below it; that it is weak comes first."""
    if not answer.citations:
        return answer.text
    language = question_language(answer.question)
    weak = [message(language, "export.weak"), ""] if answer.is_weak else []
    lines = [*weak, answer.text, "", message(language, "sources.heading")]
    for citation in answer.citations:
        cited = citation_as_json(citation, answer.generation)
        key = "sources.quote" if cited["page"] is None else "sources.quote_on_page"
        quote = " ".join(cited["quote"].split())
        lines.append(message(language, key, **(cited | {"quote": quote, "page": str(cited["page"])})))
    return "\n".join(lines)


async def _events(text: str, about: Mapping[str, Any], usage: Mapping[str, int] | None) -> AsyncIterator[str]:
    """Yield the server-sent events of a streamed completion, a line of the text each."""

    def event(delta: Mapping[str, str], finish: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        return f"data: {json.dumps({**about, 'object': 'chat.completion.chunk', 'choices': [choice]})}\n\n"

    yield event({"role": "assistant", "content": ""})
    for line in text.splitlines(keepends=True):
        yield event({"content": line})
    yield event({}, "stop")
    if usage is not None:
        yield f"data: {json.dumps({**about, 'object': 'chat.completion.chunk', 'choices': [], 'usage': usage})}\n\n"
    yield "data: [DONE]\n\n"


# The description


def openapi() -> dict[str, Any]:
    """Return the OpenAPI 3.1 description of both APIs."""
    paths: dict[str, Any] = {f"/api/v1/{name}": _described(name) for name in TOOLS}
    chat = {
        "type": "object",
        "required": ["messages"],
        "properties": {
            "model": {"const": MODEL},
            "messages": {"type": "array", "minItems": 1, "items": {"type": "object"}},
            "stream": {"type": "boolean", "default": False},
        },
    }
    paths["/v1/chat/completions"] = {
        "post": _operation("chat", "Answer the last message as a chat completion of OpenAI's form.", {"type": "object"})
        | {"requestBody": {"required": True, "content": {"application/json": {"schema": chat}}}}
    }
    paths["/v1/models"] = {"get": _operation("models", "Name the one model.", {"type": "object"})}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Paris Call assistant",
            "version": version("paris-call-assistant"),
            "description": "Answers quoted letter for letter from indexed documents.",
        },
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                "Problem": {
                    "type": "object",
                    "required": ["title", "status", "detail"],
                    "properties": {
                        "type": {"type": "string"},
                        "title": {"type": "string"},
                        "status": {"type": "integer"},
                        "detail": {"type": "string", "description": "the reason and the remedy"},
                    },
                }
            },
        },
        "security": [{}, {"token": []}],
    }


def _described(name: str) -> dict[str, Any]:
    """Return what the description says of a tool: by GET with plain values, by POST with all."""
    taken = inlined(arguments_of(name).model_json_schema())
    needed, returned = taken.get("required", []), inlined(result_schema(name))
    parameters = [
        {"name": field, "in": "query", "required": field in needed, "description": kind["description"], "schema": kind}
        for field, kind in taken["properties"].items()
        if kind.get("type") not in ("array", "object")
    ]
    body = {"required": True, "content": {"application/json": {"schema": taken}}}
    return {
        "get": _operation(name, description_of(name), returned) | {"parameters": parameters},
        "post": _operation(f"{name}_by_post", description_of(name), returned) | {"requestBody": body},
    }


def _operation(identifier: str, told: str, returned: Mapping[str, Any]) -> dict[str, Any]:
    content = {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        "operationId": identifier,
        "summary": told.partition("\n")[0],
        "description": told,
        "responses": {
            "200": {"description": "The result.", "content": {"application/json": {"schema": returned}}},
            "default": {"description": "What went wrong, and the remedy.", "content": content},
        },
    }


def inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a JSON schema with its definitions in the places that refer to them."""
    definitions = schema.pop("$defs", {})

    def put_in(value: Any) -> Any:
        if isinstance(value, dict):
            if "$ref" in value:
                return put_in(definitions[value["$ref"].rpartition("/")[2]]) | {k: v for k, v in value.items() if k != "$ref"}
            return {key: put_in(inner) for key, inner in value.items()}
        return [put_in(inner) for inner in value] if isinstance(value, Sequence) and not isinstance(value, str) else value

    inlined: dict[str, Any] = put_in(schema)
    return inlined
