"""What learners' work has in common beyond what the lab gave them: a reason to talk, no proof."""
