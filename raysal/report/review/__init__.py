"""Label errors: the pictures of a review, and its section in a report."""
