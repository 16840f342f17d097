"""What a report shows of people's work: who labelled what, how long it took, what was unusable."""
