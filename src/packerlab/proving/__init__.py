"""The proof of a course, and the record of it."""
