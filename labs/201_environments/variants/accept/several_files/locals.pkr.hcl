locals {
  stamp = formatdate("YYYYMMDD-hhmmss", timestamp())
  name  = "labweb-${var.environment}-${local.stamp}"
  tags  = merge(var.common_tags, { Name = local.name, Environment = var.environment, BaseAMI = "{{ .SourceAMI }}" })
}
