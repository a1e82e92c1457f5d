target = "out/d"
