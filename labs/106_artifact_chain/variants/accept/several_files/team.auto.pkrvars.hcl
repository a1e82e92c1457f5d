env     = "dev"
git_sha = "0000000"
folder  = "dist"
