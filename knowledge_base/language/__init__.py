"""Language: words, sentences, dates, numbers, places and facts of a text, in English and French."""
