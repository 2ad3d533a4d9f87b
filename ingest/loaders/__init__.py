"""One loader a format; each turns bytes into a Document with structured pages."""
