service     = "tool"
owner       = "Zoë's team"
cost_center = "4711"
packages    = ["labtool"]
