"""Answers that a language model writes: its prompt, its text made safe, each of its sentences held to a quoted passage."""
