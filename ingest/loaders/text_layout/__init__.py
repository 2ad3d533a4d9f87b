"""How plain text is laid out: pages, columns, tables drawn with characters."""
