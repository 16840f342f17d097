"""What one worker does with its share of a job; the same code on any engine."""
