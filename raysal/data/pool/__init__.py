"""The pool of images in Parquet: build it, read it, draw candidates, keep results per unit."""
