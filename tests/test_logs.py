from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator

import pytest

from knowledge_base.logs import JsonLines, as_request, configure, request_id

log = logging.getLogger("tests.logs")


@pytest.fixture
def stderr() -> Iterator[io.StringIO]:
    """Standard error of a program that has begun to log there."""
    written = io.StringIO()
    root = logging.getLogger()
    handler, level = logging.StreamHandler(written), root.level
    root.addHandler(handler)
    yield written
    root.removeHandler(handler)
    root.setLevel(level)


@as_request
def asked() -> str | None:
    log.info("answered", extra={"seconds": 0.25})
    return request_id()


def test_each_call_is_a_request_with_an_id_of_its_own():
    first, second = asked(), asked()
    assert first and second and first != second and request_id() is None


def test_a_call_within_a_request_belongs_to_it():
    both = as_request(lambda: (request_id(), asked()))()
    assert both[0] == both[1]


def test_a_line_of_json_has_what_the_call_gave_and_the_requests_id(stderr: io.StringIO):
    configure("json", "info", stderr)
    identifier = asked()
    line = json.loads(stderr.getvalue())
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "info", "logger": "tests.logs", "message": "answered", "request": identifier, "seconds": 0.25,
    }  # fmt: skip


def test_a_line_break_or_a_quote_stays_within_its_line(stderr: io.StringIO):
    configure("json", "info", stderr)
    log.warning('two\nlines, "quoted"')
    assert stderr.getvalue().count("\n") == 1
    assert json.loads(stderr.getvalue())["message"] == 'two\nlines, "quoted"'


def test_an_exception_is_told_in_the_line():
    try:
        raise ValueError("seven")
    except ValueError:
        record = log.makeRecord("n", logging.ERROR, "f", 1, "failed", (), sys.exc_info())
    assert "ValueError: seven" in json.loads(JsonLines().format(record))["error"]


def test_text_is_the_message_alone_from_the_level_on(stderr: io.StringIO):
    configure("text", "warning", stderr)
    log.info("not this")
    log.warning("this")
    assert stderr.getvalue() == "this\n"
