"""What a trained model says of images: predictions, votes, metrics."""
