"""Open the assistant for the page; its index has been searched by a child process before anything is answered from it."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor

from assistant.answering import Assistant
from knowledge_base.errors import DamagedVectorsError, KnowledgeBaseError, NoIndexError
from knowledge_base.recovery import check_at_start
from knowledge_base.settings import Settings

log = logging.getLogger(__name__)


def open_checked(settings: Settings) -> Assistant:
    """Open the assistant while its index is checked, with all that a first question would wait for.

    Raise DamagedVectorsError where the index is damaged and cannot be mended: it would answer from half of it.
    """
    with ThreadPoolExecutor(1, "check-index") as aside:
        check = aside.submit(check_index, settings)
        opened = Assistant.open(settings)
        try:
            if check.result():
                opened.close()
                opened = Assistant.open(settings)
            opened.ask("Paris Call", mode="extractive")
        except BaseException:
            opened.close()
            raise
    return opened


def check_index(settings: Settings) -> bool:
    """Check the index, and mend it where it is damaged; say whether it was mended.

    Raise DamagedVectorsError where it is damaged and cannot be mended; what else is wrong is told by whoever opens it.
    """
    try:
        return check_at_start(settings)
    except DamagedVectorsError:
        raise
    except NoIndexError:
        return False
    except KnowledgeBaseError as error:
        log.warning("%s", error)
        return False
