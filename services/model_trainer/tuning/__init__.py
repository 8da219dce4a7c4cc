"""Finding each algorithm's settings for the data at hand, on a part of it that the fit does not see."""
