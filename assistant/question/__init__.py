"""Questions: what is asked, in which light of the conversation, and in how many parts."""
