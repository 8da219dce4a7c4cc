"""One module for each part of the topology: how to prepare it, start it, and know that it answers."""
