"""What a verb left behind, as data: files, an account, a container engine, and their disks."""
