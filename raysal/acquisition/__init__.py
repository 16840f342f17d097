"""Acquisition functions: `strategies` give scores, `selection` chooses by them.

Settings are read long before anything is computed, and must be read at once: a module that holds
settings imports torch for type checkers only, and its methods import the arithmetic they need.
"""
