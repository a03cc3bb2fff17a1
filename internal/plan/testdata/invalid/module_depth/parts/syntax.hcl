output "size" {
  value = [1, 2
} # ERROR: Missing item separator
