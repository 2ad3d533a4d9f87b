"""What an analyst does with the documents beyond asking: search, coverage, checking a draft, taking answers away."""
