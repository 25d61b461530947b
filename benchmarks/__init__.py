"""What fastmetrics costs and how often it is right: programs, each of which writes a page or a part of one here."""
