"""Key columns to codes and back: the distinct values of a key are numbered 1, 2, 3, ... as they appear; 0 is null."""
