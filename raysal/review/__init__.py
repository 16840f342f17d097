"""Label errors: labels of a run that models which have not been trained on them contradict.

Axes in names: C classes, H height, W width, P pixels.
"""
