"""Writes a GGUF file's model as vLLM reads it: a folder with safetensors, tokenizer and chat template.

    .venv-vllm/bin/python export_model.py MODEL.gguf FOLDER

Runs in vLLM's environment, which has transformers; vLLM itself reads no GGUF without a plug-in for GPUs.
"""

from __future__ import annotations

import sys
from pathlib import Path


def main(source: Path, folder: Path) -> None:
    """Dequantise and write; the folder is complete or not there."""
    import torch
    from safetensors.torch import save_file
    from transformers import AutoModelForCausalLM, AutoTokenizer

    unfinished = folder.with_name(f"{folder.name}.unfinished")
    tokenizer = AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name)
    model = AutoModelForCausalLM.from_pretrained(source.parent, gguf_file=source.name, dtype=torch.float32)
    assert tokenizer.chat_template, f"{source} has no chat template"
    tokenizer.save_pretrained(unfinished)
    # As a file of numbers: transformers does not save a model that it knows was quantised.
    tied = {"lm_head.weight"} if model.config.tie_word_embeddings else set()
    weights = {name: one.contiguous() for name, one in model.state_dict().items() if name not in tied}
    save_file(weights, unfinished / "model.safetensors", {"format": "pt"})
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.config.save_pretrained(unfinished)
    model.generation_config.save_pretrained(unfinished)
    unfinished.rename(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
