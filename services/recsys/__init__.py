"""The language that all services share: what an item, an event and a release are. No process, no web framework."""
