"""The guided tour that `demo.py` gives: stops that ask a running platform over HTTP, and check each promise."""
