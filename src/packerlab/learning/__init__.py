"""What belongs to a learner: what this machine can do, progress, feedback, a certificate."""
