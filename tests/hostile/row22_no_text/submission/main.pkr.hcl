# café
locals {
}
