licence_number = "LW-2026-0417"
