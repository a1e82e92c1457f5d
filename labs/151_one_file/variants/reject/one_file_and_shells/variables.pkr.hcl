# see main.pkr.hcl
