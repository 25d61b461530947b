"""What a difference is called: incidents, tags, mix shifts and volumes."""
