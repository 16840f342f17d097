"""raysal: active learning for semantic segmentation that scales out on Ray."""

__version__ = "0.1.0"
