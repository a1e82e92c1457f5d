licence_key    = "LWKEY-7Q4M-XT2D-9RFA-60HZ"
licence_number = "LW-2026-0417"
