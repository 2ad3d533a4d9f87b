"""The parts of a Word document: archive, styles, numbers, text, blocks, notes, heads and feet."""
