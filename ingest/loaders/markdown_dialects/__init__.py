"""What Markdown and its dialects write: blocks, text within them, front matter."""
