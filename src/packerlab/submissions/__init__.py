"""What was handed in, and by whom: the bounded reader of untrusted trees and archives."""

from packerlab.submissions.workspaces import Submission, read_workspace

__all__ = ["Submission", "read_workspace"]
