"""Quotes: whole sentences and lists, read from the stored pages, composed into an answer."""
