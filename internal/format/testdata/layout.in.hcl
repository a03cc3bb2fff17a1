

# The head.   

pipeline { # opened

  seeds=var.seeds


  description = "x"   

}
variable "seeds" {
type=number
    default     = 6 // six
description = "How many."   # text
}



locals {
  budgets=[

    5,


    20, # twenty

  ]
  object = {

    a=1
    long_name   =   "b"

  }
  call = max(
      1,
    2)
  text = <<-EOT
      indented   

      ${   var.seeds   }


    more
    EOT
  sum = 1+2*-3
  /* a block   
     comment */
  one = 1 /* beside */
}

pretrain "a" {
  pretext   "rotation"   {}
  pretext "jigsaw"{grid=3}

  # at the end

}


