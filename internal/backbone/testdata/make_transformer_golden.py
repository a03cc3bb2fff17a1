"""Makes the golden files that referee vit and transformer: what timm's
VisionTransformer, and Hugging Face's BertModel, GPT2Model and GPTNeoXModel compute.

    python make_transformer_golden.py

writes vit.npz and transformer.npz beside this script. Needs torch 2.5, timm 1.0
and transformers 4.46; takes a few seconds.

Choices, and why:

* Weights and inputs are formulas of names, as in make_keras_golden.py, which the Go
  test repeats, so neither is stored. Norms, biases and positions are not trivial.
* The references run in float64: what is stored is the truth, rounded once.
* The loss is a random projection of all that Features holds, so its gradients see
  every output. They are taken by our own variables, through the mapping of names.
* BERT's embeddings of token types are zero, and GPT-2 has the exact GELU, which are
  the only differences between what is published and what transformer computes.
* GPT-NeoX is the one with rotary positions; its parallel branches are turned off.
"""

import os
from functools import partial

import numpy as np
import torch
from make_keras_golden import uniform
from torch.func import functional_call

HERE = os.path.dirname(os.path.abspath(__file__))
WIDTH, DEPTH, HEADS, HIDDEN = 16, 2, 2, 40
EPSILON = 1e-6

# Images [3, 8, 12, 2] in patches of 4; texts [4, 6] of 11 words, padded to the right.
PATCH, IMAGES = 4, (3, 8, 12, 2)
PATCHES = (IMAGES[1] // PATCH) * (IMAGES[2] // PATCH)
WORDS, LENGTH = 11, 7
IDS = np.array([[3, 10, 1, 4, 4, 2], [5, 6, 9, 1, 0, 0], [7, 1, 2, 8, 3, 0], [9, 0, 0, 0, 0, 0]])


def formula(name, shape):
    kind = name.rsplit("/", 1)[1]
    if kind == "kernel":
        return uniform(name, shape, 0.0, np.sqrt(6.0 / shape[0]))
    if kind == "gamma":
        return uniform(name, shape, 0.5 if "scale" in name else 1.0, 0.3)
    return uniform(name, shape, 0.0, 0.3 if kind in ("beta", "bias") else 0.8)


class Weights(dict):
    """Our variables, made as they are asked for."""


    def of(self, name, *shape):
        if name not in self:
            self[name] = torch.tensor(formula(name, shape).astype(np.float64), requires_grad=True)
        return self[name]

    def dense(self, name, inputs, outputs):
        return self.of(name + "/kernel", inputs, outputs), self.of(name + "/bias", outputs)

    def norm(self, name):
        return self.of(name + "/gamma", WIDTH), self.of(name + "/beta", WIDTH)


def put(to, name, pair, transpose=False):
    to[name + ".weight"] = pair[0].T if transpose else pair[0]
    to[name + ".bias"] = pair[1]


def qkv(w, block):
    parts = [w.dense(f"{block}/attention/{p}", WIDTH, WIDTH) for p in ("query", "key", "value")]
    return torch.cat([p[0] for p in parts], 1), torch.cat([p[1] for p in parts])


def loss(case, outputs):
    return sum((y * torch.tensor(uniform(f"loss/{case}/{k}", y.shape, 0, 1).astype(np.float64))).sum() for k, y in outputs.items())


def record(golden, case, w, outputs):
    names = list(w)
    grads = torch.autograd.grad(loss(case, outputs), [w[n] for n in names])
    for k, y in outputs.items():
        golden[f"{case}/{k}"] = np.ascontiguousarray(y.detach().numpy(), np.float32)
    for n, grad in zip(names, grads):
        golden[f"{case}/grad/{n}"] = np.ascontiguousarray(grad.numpy(), np.float32)


def vision(golden, case, pool, scale):
    from timm.models.vision_transformer import VisionTransformer

    model = VisionTransformer(
        img_size=IMAGES[1:3], patch_size=PATCH, in_chans=IMAGES[3], num_classes=0, embed_dim=WIDTH, depth=DEPTH,
        num_heads=HEADS, mlp_ratio=HIDDEN / WIDTH, init_values=1.0 if scale else None, class_token=pool == "class",
        no_embed_class=True, global_pool="token" if pool == "class" else "avg", fc_norm=False,
        norm_layer=partial(torch.nn.LayerNorm, eps=EPSILON),
    ).double()
    w, to = Weights(), {}
    kernel, to["patch_embed.proj.bias"] = w.dense("embed", PATCH * PATCH * IMAGES[3], WIDTH)
    to["patch_embed.proj.weight"] = kernel.reshape(PATCH, PATCH, IMAGES[3], WIDTH).permute(3, 2, 0, 1)
    to["pos_embed"] = w.of("embed/positions", PATCHES, WIDTH)[None]
    if pool == "class":
        to["cls_token"] = w.of("embed/class_token", WIDTH)[None, None]
    for i in range(DEPTH):
        b, t = f"blocks/{i}", f"blocks.{i}"
        put(to, t + ".norm1", w.norm(b + "/norm1"))
        put(to, t + ".attn.qkv", qkv(w, b), True)
        put(to, t + ".attn.proj", w.dense(b + "/attention/output", WIDTH, WIDTH), True)
        put(to, t + ".norm2", w.norm(b + "/norm2"))
        put(to, t + ".mlp.fc1", w.dense(b + "/mlp/expand", WIDTH, HIDDEN), True)
        put(to, t + ".mlp.fc2", w.dense(b + "/mlp/project", HIDDEN, WIDTH), True)
        if scale:
            to[t + ".ls1.gamma"] = w.of(b + "/scale1/gamma", WIDTH)
            to[t + ".ls2.gamma"] = w.of(b + "/scale2/gamma", WIDTH)
    put(to, "norm", w.norm("norm"))
    assert set(to) == {n for n, _ in model.named_parameters()}, set(to) ^ {n for n, _ in model.named_parameters()}

    middle = []
    model.blocks[0].register_forward_hook(lambda module, args, out: middle.append(out))
    tokens = []
    model.norm.register_forward_hook(lambda module, args, out: tokens.append(out))
    x = torch.tensor(uniform("images", IMAGES, 0, 1.5).astype(np.float64)).permute(0, 3, 1, 2)
    pooled = functional_call(model, to, (x,))
    grid = lambda t: t[:, -PATCHES:].reshape(IMAGES[0], IMAGES[1] // PATCH, IMAGES[2] // PATCH, WIDTH)
    record(golden, case, w, {"pooled": pooled, "map": grid(tokens[0]), "block": grid(middle[0])})


def pools(hidden):
    present = torch.tensor((IDS != 0).astype(np.float64))
    count = present.sum(1)
    return {
        "mean": (hidden * present[:, :, None]).sum(1) / count[:, None],
        "first": hidden[:, 0],
        "last": hidden[torch.arange(len(IDS)), count.long() - 1],
    }


def text(golden, case, pool, model, inner):
    """model(ids, mask, weights) -> hidden states of the embedding and of every layer."""
    w = Weights()
    w.of("embed/tokens", WORDS, WIDTH)
    states = model(torch.tensor(IDS), torch.tensor((IDS != 0).astype(np.int64)), w)
    record(golden, case, w, {"pooled": pools(states[-1])[pool], "map": states[-1][:, None], "block": states[inner][:, None]})


def bert(ids, mask, w):
    from transformers import BertConfig, BertModel

    model = BertModel(
        BertConfig(
            vocab_size=WORDS, hidden_size=WIDTH, num_hidden_layers=DEPTH, num_attention_heads=HEADS, intermediate_size=HIDDEN,
            hidden_act="gelu", hidden_dropout_prob=0, attention_probs_dropout_prob=0, max_position_embeddings=LENGTH,
            layer_norm_eps=EPSILON, pad_token_id=0, attn_implementation="eager",
        ),
        add_pooling_layer=False,
    ).double()
    to = {
        "embeddings.word_embeddings.weight": w["embed/tokens"],
        "embeddings.position_embeddings.weight": w.of("embed/positions", LENGTH, WIDTH),
        "embeddings.token_type_embeddings.weight": torch.zeros(2, WIDTH, dtype=torch.float64),
    }
    # nn.Embedding gives no gradient to the row of padding; ours does.
    model.embeddings.word_embeddings.padding_idx = None
    put(to, "embeddings.LayerNorm", w.norm("embed/norm"))
    for i in range(DEPTH):
        b, t = f"blocks/{i}", f"encoder.layer.{i}"
        for p in ("query", "key", "value"):
            put(to, f"{t}.attention.self.{p}", w.dense(f"{b}/attention/{p}", WIDTH, WIDTH), True)
        put(to, t + ".attention.output.dense", w.dense(b + "/attention/output", WIDTH, WIDTH), True)
        put(to, t + ".attention.output.LayerNorm", w.norm(b + "/norm1"))
        put(to, t + ".intermediate.dense", w.dense(b + "/mlp/expand", WIDTH, HIDDEN), True)
        put(to, t + ".output.dense", w.dense(b + "/mlp/project", HIDDEN, WIDTH), True)
        put(to, t + ".output.LayerNorm", w.norm(b + "/norm2"))
    assert set(to) == {n for n, _ in model.named_parameters()}
    return functional_call(model, to, (ids, mask), {"output_hidden_states": True}).hidden_states


def gpt2(ids, mask, w):
    from transformers import GPT2Config, GPT2Model

    model = GPT2Model(
        GPT2Config(
            vocab_size=WORDS, n_positions=LENGTH, n_embd=WIDTH, n_layer=DEPTH, n_head=HEADS, n_inner=HIDDEN,
            activation_function="gelu", resid_pdrop=0, embd_pdrop=0, attn_pdrop=0, layer_norm_epsilon=EPSILON,
            attn_implementation="eager",
        )
    ).double()
    to = {"wte.weight": w["embed/tokens"], "wpe.weight": w.of("embed/positions", LENGTH, WIDTH)}
    for i in range(DEPTH):
        b, t = f"blocks/{i}", f"h.{i}"
        put(to, t + ".ln_1", w.norm(b + "/norm1"))
        put(to, t + ".attn.c_attn", qkv(w, b))
        put(to, t + ".attn.c_proj", w.dense(b + "/attention/output", WIDTH, WIDTH))
        put(to, t + ".ln_2", w.norm(b + "/norm2"))
        put(to, t + ".mlp.c_fc", w.dense(b + "/mlp/expand", WIDTH, HIDDEN))
        put(to, t + ".mlp.c_proj", w.dense(b + "/mlp/project", HIDDEN, WIDTH))
    put(to, "ln_f", w.norm("norm"))
    assert set(to) == {n for n, _ in model.named_parameters()}
    return functional_call(model, to, (ids,), {"attention_mask": mask, "output_hidden_states": True}).hidden_states


def neox(ids, mask, w):
    from transformers import GPTNeoXConfig, GPTNeoXModel

    model = GPTNeoXModel(
        GPTNeoXConfig(
            vocab_size=WORDS, hidden_size=WIDTH, num_hidden_layers=DEPTH, num_attention_heads=HEADS, intermediate_size=HIDDEN,
            hidden_act="gelu", rotary_pct=1.0, max_position_embeddings=LENGTH, layer_norm_eps=EPSILON,
            use_parallel_residual=False, attn_implementation="eager",
        )
    ).double()
    to = {"embed_in.weight": w["embed/tokens"]}
    for i in range(DEPTH):
        b, t = f"blocks/{i}", f"layers.{i}"
        put(to, t + ".input_layernorm", w.norm(b + "/norm1"))
        # One head after the other, each with query, key and value.
        kernel, bias = qkv(w, b)
        split = lambda x: x.reshape(-1, 3, HEADS, WIDTH // HEADS).transpose(1, 2).reshape(-1, 3 * WIDTH)
        put(to, t + ".attention.query_key_value", (split(kernel), split(bias)[0]), True)
        put(to, t + ".attention.dense", w.dense(b + "/attention/output", WIDTH, WIDTH), True)
        put(to, t + ".post_attention_layernorm", w.norm(b + "/norm2"))
        put(to, t + ".mlp.dense_h_to_4h", w.dense(b + "/mlp/expand", WIDTH, HIDDEN), True)
        put(to, t + ".mlp.dense_4h_to_h", w.dense(b + "/mlp/project", HIDDEN, WIDTH), True)
    put(to, "final_layer_norm", w.norm("norm"))
    assert set(to) == {n for n, _ in model.named_parameters()}, set(to) ^ {n for n, _ in model.named_parameters()}
    return functional_call(model, to, (ids, mask), {"output_hidden_states": True}).hidden_states


def positions():
    from transformers.models.vit_mae.modeling_vit_mae import get_2d_sincos_pos_embed

    return get_2d_sincos_pos_embed(8, 3).astype(np.float32)


def main():
    vit, texts = {"sincos": positions()}, {}
    vision(vit, "mean", "mean", False)
    vision(vit, "class", "class", False)
    vision(vit, "scaled", "class", True)
    text(texts, "bert_mean", "mean", bert, 1)
    text(texts, "bert_first", "first", bert, 1)
    text(texts, "gpt2_last", "last", gpt2, 1)
    text(texts, "neox_last", "last", neox, 1)
    np.savez_compressed(os.path.join(HERE, "vit.npz"), **vit)
    np.savez_compressed(os.path.join(HERE, "transformer.npz"), **texts)


if __name__ == "__main__":
    main()
