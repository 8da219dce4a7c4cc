"""The whole topology as local processes, from Python wheels alone."""
