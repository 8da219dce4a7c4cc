"""One file a noun; every address is written out in full where it is answered."""
