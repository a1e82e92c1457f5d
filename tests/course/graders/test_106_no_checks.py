"""Nothing is checked here."""
