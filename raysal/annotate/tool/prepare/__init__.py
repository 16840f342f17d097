"""What the labelling tool computes ahead of the annotator, in worker processes."""
