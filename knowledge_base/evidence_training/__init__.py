"""Train the evidence model on public question data; nothing of it is needed to answer questions."""
