# Written by sslpipe run and sslpipe lock: what each unit of the pipeline computes,
# and the digest of what came of it where that is known. Commit it with the pipeline;
# sslpipe verify reruns it and compares. After a conflict, or to bring it up to date,
# run sslpipe lock.

runtime = "tensorflow-2.18.0/cpu/amd64-amd-avx2-l1d=32k-l2=512k/onednn/deterministic"

unit "augment.views" {
  fingerprint = "f33afe5d0934447de6d2271cd514311e513c8b166952d39e2ed90898a650c36f"
  work        = "5f2385842ef0372a4de52aacf57dbd58e59a269cc909d05d38a2a0a918e186c1"
  result      = "f04bae49e731f783bb28bd8f851b4f99bf2934b701d0f1b19c9c30100778b074"
}

unit "download.images" {
  fingerprint = "d120ab71d0229822038d6cd8b3e212413538d72b49cdb3f9bf790ec6924eb8b9"
  work        = "031d7413378891b73a3ac9e51e7bcfcfeb34866de26bce66bcbe687993933742"
  result      = "d48e81469a6a4b13a799358fc0c700716192d8be52d8715a519d69b29a64e24b"
}

unit "finetune.together[labels=4,seed=0]" {
  fingerprint = "cdb8a9a8afd6d70191f3c495339199b3b3fd5d568b28c830a940f29c38c5e794"
  work        = "5d9328de59887ad83341533e56a598c63c5d007b090f2e9a9cf0abe4ef45a2dc"
  result      = "91888ec0c745f95ae9a6825812c20a35e5ce27dbdd6b04fccf6a77036ab431b3"
  scores = {
    "validation accuracy" = "0.22"
  }
}

unit "pretrain.together[seed=0]" {
  fingerprint = "6a2fbee48f344b602637ff1277f2fc57fe40352fbb12e414f3c25cef8dbb25a6"
  work        = "128b4db8267a0c827bd10eec3a40515a3fce495f30d5dfca2e00dd46935ef566"
  result      = "ba1ac71f705b4cd21c49c1dc98d7c7c31fbd90c2760e261e0a6ccadbafb7cd1b"
  scores = {
    gradient_norm         = "3.2746899127960205"
    loss                  = "4.10075843334198"
    "rotation.accuracy"   = "0.23046875"
    "rotation.loss"       = "1.38651704788208"
    "rotation.rank"       = "8.3111277828199"
    "rotation.spread"     = "0.6521336315290167"
    "rotation.spread_min" = "0.21797645723614548"
    "rotation.uniformity" = "-1.1694494782303275"
    "simclr.accuracy"     = "0.2421875"
    "simclr.alignment"    = "0.4127543051432905"
    "simclr.loss"         = "2.7142414450645447"
    "simclr.rank"         = "4.521718005509571"
    "simclr.spread"       = "0.7844255564990056"
    "simclr.spread_min"   = "0.19531571662783806"
    "simclr.uniformity"   = "-1.4700319223190932"
  }
}
