locals {
  plain   = var.a
  spaced  = var.a
  trimmed = var.a
  nested  = var.a
  inner   = "text"
  list    = [var.a, var.b]
  object  = { a = var.a, "${var.b}" = var.c }
  call    = max(var.a, var.b...)
  parens  = (var.a)
  sum     = var.a + 1
  product = "${var.a + 1}" * 2
  index   = "${var.a}" [0]
  member  = "${var.a}".name
  choice  = "${var.a}" ? "${var.b}" : "${var.c}"
  loop    = [for x in "${var.a}" : "${x}"]
  text    = "a ${var.a}"
  two     = "${var.a}${var.b}"
  control = "%{if var.a}b%{endif}"
  within  = "a ${"${var.a}"}"
  lines   = var.a
  broken = (
    var.a +
    1
  )
  brackets = [
    var.a,
    1,
  ]
  function = max(
    var.a,
    1,
  )
  remark = ( # why
    var.a
  )
  remark_behind = (
    var.a # why
  )
  beside = /* why */ var.a
  heredoc = (<<EOT
text
EOT
  )
}

pretrain "a" {
  views = augment.crops
  pretext "rotation" {
    weight = var.a
  }
}
