"""Forgetting a document: out of every generation, cache, answer and evaluation."""
