"""The language of the page: the one that the reader chose, else the browser's. Its sentences, numbers and times in it.

To add a sentence, put it under one name into each file of `assistant/messages/page/`, and write `say("name", value=...)` in
Python or `{{ say("name", value=...) }}` in a template. Answers have a language of their own: that of the question.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from assistant.messages import languages, message

LANGUAGE, COOKIE = "page-language", "pariscall-language"
DEFAULT = "en"


def page_language() -> str:
    """Return the code of the language of the session's page; DEFAULT where no page is drawn."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return DEFAULT
    if st.session_state.get(LANGUAGE) not in languages():
        kept = st.context.cookies.get(COOKIE)
        st.session_state[LANGUAGE] = kept if kept in languages() else preferred(st.context.headers.get("Accept-Language", ""))
    return str(st.session_state[LANGUAGE])


def preferred(accepted: str) -> str:
    """Return the first language that a header Accept-Language wants and that there are messages in, else DEFAULT."""
    weighed = []
    for part in accepted.split(","):
        code, _, weight = part.strip().partition(";q=")
        try:
            weighed.append((-float(weight or 1), code.partition("-")[0].lower()))
        except ValueError:
            continue  # no number: the browser's header is not what it should be, and this part is passed over
    wanted = [code for weight, code in sorted(weighed, key=lambda pair: pair[0]) if weight < 0]
    return next((code for code in wanted if code in languages()), DEFAULT)


def say(key: str, /, **values: object) -> str:
    """Return a sentence of the page in its language; its name is the one in the files, written out where it is used."""
    return message(page_language(), f"page.{key}", **values)


def on_page(number: int) -> str:
    """Return the number of a page in words, without the marks that part thousands."""
    return say("form.page", page=str(number))


def decimal(value: float, digits: int = 1) -> str:
    """Return a number with so many digits after the decimal sign, as the language writes it."""
    from babel.numbers import format_decimal

    form = "#,##0" + (f".{'0' * digits}" if digits else "")
    return format_decimal(value, form, locale=page_language())


def megabytes(size: int) -> str:
    """Return a size in bytes as megabytes."""
    return say("form.megabytes", size=decimal(size / 1e6))


def language_name(code: str) -> str:
    """Return the name of a language in the language of the page; the code itself where it has none."""
    from babel import Locale, UnknownLocaleError

    try:
        return Locale.parse(code).get_language_name(page_language()) or code
    except (UnknownLocaleError, ValueError):
        return code


def local_time(moment: str, timezone: str | None) -> str:
    """Return an ISO time as the reader's clock shows it; in UTC, and marked so, where the browser names no time zone."""
    from babel.dates import format_datetime

    try:
        zone = ZoneInfo(timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        zone, timezone = ZoneInfo("UTC"), None
    local = datetime.fromisoformat(moment).astimezone(zone)
    told = format_datetime(local, say("form.moment", count=local.day), locale=page_language())
    return told if timezone else say("form.utc", moment=told)


def name_of_itself(code: str) -> str:
    """Return the name that a language has for itself, with a capital."""
    from babel import Locale

    name = Locale.parse(code).get_language_name(code) or code
    return name[:1].upper() + name[1:]
