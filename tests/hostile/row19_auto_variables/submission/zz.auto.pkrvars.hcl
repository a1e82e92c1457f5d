name = "forged"
