"""Files that labelling programs read and write: one module or two for each format."""
