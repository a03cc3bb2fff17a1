# --set pretrain.rott.epochs=3 # ERROR: Unknown stage
# --set pretrain.*.epoch=3 # ERROR: Unknown attribute
# --set pretrain.rot.epochs=3 3 # ERROR: Extra characters after expression
# --set pretrain.rot.views=augment.vews # ERROR: Unknown stage
# --set pretrain.rot.rates=[1, "2"] # ERROR: Wrong type
# --set pretrain.rot.threads=0 # ERROR: Invalid value
# --set pretrain.rot.optimizer.learning_rate=0.1 # ERROR: Unknown attribute
# --set pretrain.rot.backbone.alpha=wide # ERROR: Unknown name
# --set finetune.*.mode=ful # ERROR: Invalid value
# --set finetune.a[full].labels_per_class=[1] # ERROR: Unknown stage
# --set finetune.a=3 # ERROR: Wrong form
# --set epochs=3 # ERROR: Wrong form
# --set pretrain.rot.seeds # ERROR: Wrong form
# --set pipeline.seed=3 # ERROR: Unknown attribute
# --set pipeline.seeds=many # ERROR: Unknown name
# --set pretrain.rot.pretext=rotatoin # ERROR: Unknown pretext
# --set pretrain.rot.for_each=["a"] # ERROR: Unknown attribute
# --set augment.views.transform[1].padding=3 # ERROR: Unknown attribute
# --set download.images.source="y # ERROR: Unterminated template string
download "images" {
  source = "x"
}
augment "views" {
  data = download.images.unlabelled
  crop {}
}
pretrain "rot" {
  views = augment.views
  pretext "rotation" {}
}
finetune "a" {
  data = download.images.train
}
