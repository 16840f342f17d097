"""The engine on Ray: Train for training, Data for scoring and evaluation, Tune for sweeps.

Nothing is imported here: the process of a trial needs one small file only.
"""
