"""From the best by score to a list that is also varied, new or surprising: in the trainer as in the API."""
