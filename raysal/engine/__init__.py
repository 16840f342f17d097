"""Where the work runs: on Ray, or in this process; one interface.

`raysal.engine.on_ray` is the only package that imports ray, and is imported only when asked for.
"""
