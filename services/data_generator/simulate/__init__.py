"""Live traffic: users of the generated population against the running API, over HTTP only."""
