"""Two checkouts of this project on the same works, interleaved."""
