"""Small changes of a solution that its grader must notice: mutation testing for graders."""
