"""The elements of a web page: which are seen, their text, notes, tables and blocks."""
