owner = "Zoë & the image team"
