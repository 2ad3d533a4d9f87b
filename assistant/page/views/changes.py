"""What changed between two generations of the index."""

from __future__ import annotations

import streamlit as st

from assistant.page.change_view import draw_changes
from assistant.page.links import DOCUMENTS_PAGE
from assistant.page.notices import draw_error
from assistant.page.settings import page_settings
from assistant.page.sidebar import local_time
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.store.changes import GenerationChanges, changes_between
from knowledge_base.store.generations import current_id, list_generations
from knowledge_base.store.manifest import Manifest


def draw() -> None:
    """Draw which generations are compared, and what differs."""
    st.page_link(DOCUMENTS_PAGE, label="All documents", icon=":material/arrow_back:")
    st.title("What changed", anchor=False)
    data_dir = page_settings().data_dir
    kept = {manifest.id: manifest for manifest in list_generations(data_dir)}
    if len(kept) < 2:
        told = "There is nothing to compare yet: an update that changes something makes the next generation."
        st.html(f'<p class="pc-purpose">{told}</p>')
        return
    try:
        before, after = _draw_choice(kept, current_id(data_dir))
        draw_changes(_compared(before, after))
    except KnowledgeBaseError as error:
        draw_error(error)


def _draw_choice(kept: dict[str, Manifest], current: str | None) -> tuple[str, str]:
    """Draw the two selectors; by default the published generation is compared with the one before it."""
    names = list(kept)
    after = current if current in kept else names[-1]
    before = max((name for name in names if name < after), default=names[-1])
    with st.container(horizontal=True, key="compared"):
        return _draw_selector("From", before, kept, current), _draw_selector("To", after, kept, current)


def _draw_selector(label: str, default: str, kept: dict[str, Manifest], current: str | None) -> str:
    names = list(kept)
    told = {name: _name(manifest, current) for name, manifest in kept.items()}
    return st.selectbox(label, names, names.index(default), format_func=told.__getitem__, key=f"compare-{label}") or default


def _name(manifest: Manifest, current: str | None) -> str:
    told = f"{manifest.id}, {local_time(manifest.created, st.context.timezone)}"
    return f"{told} (current)" if manifest.id == current else told


@st.cache_data(show_spinner="Comparing…", max_entries=8)
def _compared(before: str, after: str) -> GenerationChanges:
    return changes_between(page_settings().data_dir, before, after)


if __name__ == "__main__":
    draw()
