"""Figures of single images: what models see in them (`raysal show`)."""
