"""Shared by all figures, tables and pages: style, number formats, file names."""
