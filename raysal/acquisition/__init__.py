"""Acquisition functions: `strategies` give scores, `selection` chooses by them.

Configurations must load quickly, because most commands compute no score. So a module that holds
settings imports torch for type checkers only, and its methods import what they compute with.
"""
