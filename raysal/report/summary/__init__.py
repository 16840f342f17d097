"""Curves, tables and cautions."""
