"""Training the adversary of VAAL and TA-VAAL."""
