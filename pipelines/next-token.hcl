# The next token (Radford et al., 2018) on the King James Version of the Bible: which of eight books is a verse from?
#
#   ./sslpipe run pipelines/next-token.hcl
#
# About 16 minutes on 2 cores (32 of processor time, while the machine did other work). 2 pre-trainings, 6 label draws, accuracy
# in %, mean ± sd, and points against scratch:
#
#   verses per book      10                                50
#   scratch              31.4 ± 2.3                        44.5 ± 2.8
#   bag of words         35.3 ± 1.0   +3.9                 49.1 ± 1.8   +4.7
#   random, frozen       27.9 ± 2.3   -3.5                 37.8 ± 1.5   -6.7
#   pre-trained, frozen  51.5 ± 2.6  +20.1 [+15.6, +24.5]  59.6 ± 1.5  +15.1 [+4.4, +25.8]
#   pre-trained          47.3 ± 2.0  +15.8 [+1.9, +29.8]   57.1 ± 2.8  +12.6 [-11.1, +36.3]
#
# Two pre-trainings are few: no p is below 0.5. Of the tokens of test verses 31.6 ± 0.1 % are foreseen, perplexity 31.9 ± 0.1; by
# the frequencies of tokens alone 6.1 % and 352.0.
#   ./sslpipe predict savedmodels/next-token/pretrain.next/1 "In the beginning" --tokens 30 --seed 1

pipeline {
  description = "Does predicting the next word help to tell books apart when labels are few?"
  seeds       = var.seeds
}

variable "seeds" {
  type        = number
  default     = 6
  description = "Label draws, each with its own head and order."
}

variable "pretrainings" {
  type        = number
  default     = 2
  description = "Independent pre-trainings; each serves as many label draws as any other."
}

variable "labels" {
  type        = list(number)
  default     = [10, 50]
  description = "Label budgets, in verses per book."
}

variable "epochs" {
  type        = number
  default     = 8
  description = "Passes of pre-training over the windows of all 66 books."
}

variable "windows" {
  type        = number
  default     = 0
  description = "Windows to pre-train on; 0 takes all."
}

variable "max_steps" {
  type        = number
  default     = 400
  description = "Steps of fine-tuning after which the learning rate decays in any case."
}

# All books are read without their labels; the verses of eight of different kinds have some.
download "bible" {
  source               = "kjv"
  unlabelled_limit     = var.windows
  validation_per_class = 50
  classes = {
    Genesis   = "Genesis"
    Leviticus = "Leviticus"
    Kings     = "1 Kings"
    Psalms    = "Psalms"
    Proverbs  = "Proverbs"
    Isaiah    = "Isaiah"
    Luke      = "Luke"
    Romans    = "Romans"
  }
  text {
    tokenizer "wordpiece" {
      vocabulary = 2048
      lowercase  = true
    }
    length = 48
  }
}

augment "windows" { data = download.bible.unlabelled }

pretrain "next" {
  views      = augment.windows
  epochs     = var.epochs
  batch_size = 32
  seeds      = var.pretrainings
  pretext "next_token" {}
  backbone "transformer" {
    width     = 128
    depth     = 2
    causal    = true
    positions = "learned"
  }
  optimizer "adamw" {
    learning_rate = 2e-3
    weight_decay  = 0.01
  }
  schedule "cosine" { warmup = 0.1 }
}

module "arms" {
  source    = "./modules/few-labels-text.hcl"
  train     = download.bible.train
  test      = download.bible.test
  encoder   = pretrain.next.encoder
  width     = 128
  depth     = 2
  positions = "learned"
  causal    = true
  labels    = var.labels
  max_steps = var.max_steps
}
