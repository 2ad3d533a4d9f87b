"""The text of PDF pages: characters, lines, blocks and their structure."""
