"""Which strategies are shown to be better than which: `raysal compare`, and a part of the report.

Axes in names: N seeds, S strategies, R rounds.
"""
