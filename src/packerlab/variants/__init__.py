"""Right and wrong answers of a lab's author, as rows and as edits of the solution."""
