"""Where the work runs: in this process, or on Ray. All engines share one interface (`base.py`).

`raysal.engine.on_ray` is the only package that imports Ray.
"""
