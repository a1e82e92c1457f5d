"""A gradebook that is questioned: explained, graded again, audited."""
