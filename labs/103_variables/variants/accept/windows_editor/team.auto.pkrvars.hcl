disk_gb = 24 // üblich
