"""Train the evidence model and the query adapter on public question data; nothing of it is needed to answer questions."""
