"""What other systems are given to check a lab by themselves: an autograder, a CI's file."""
