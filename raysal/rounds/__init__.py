"""Rounds of active learning: train, evaluate, score, select, annotate, record."""
