# more than the site's
disk_gb = 24
