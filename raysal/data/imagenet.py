"""Mean and standard deviation of ImageNet's RGB channels, on a scale of 0 to 1.

Encoders are pretrained on images that are normalised with these values.
"""

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
