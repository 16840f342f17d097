"""Inference with a trained model: predictions, votes of dropout passes, metrics."""
